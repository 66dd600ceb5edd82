import Foundation
import SAECore
import Testing

/// Progress on terminals.
@Suite struct TerminalTests {
  /// What a run writes on a terminal of some columns, in lines as the terminal gets them.
  ///
  /// - Parameter signal: what it gets with its first word.
  private func lines(
    _ arguments: [String], columns: UInt16, signal: Int32? = nil
  ) throws -> (status: Int32, lines: [[Substring]]) {
    var (terminal, program): (Int32, Int32) = (-1, -1)
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    try #require(openpty(&terminal, &program, nil, nil, &size) == 0)
    let process = Process()
    process.executableURL = Command.executable
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle(fileDescriptor: program, closeOnDealloc: false)
    try process.run()
    close(program)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    // The system says by an error that nobody has the other end any more.
    while case let count = read(terminal, &buffer, buffer.count), count > 0 {
      if bytes.isEmpty, let signal { kill(process.processIdentifier, signal) }
      bytes += buffer[..<count]
    }
    close(terminal)
    process.waitUntilExit()
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
    return (process.terminationStatus, lines.map { $0.split(separator: "\r") })
  }

  @Test(arguments: [1, 2, 10, 20, 40, 80, 200] as [UInt16])
  func progressStaysOnItsLine(_ columns: UInt16) throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let (status, lines) = try lines(
      ["train", "--activations", activations, "--out", folder.file("sae")]
        + TrainCommandTests.small, columns: columns)
    #expect(status == 0)
    let shown = try #require(lines.first)
    #expect(lines.count <= 1, "\(lines)")
    for line in shown { #expect(line.count < columns, "\(line)") }
    if columns > 8 { #expect(shown.last?.contains("20/20") == true, "\(shown)") }
    #expect(shown.contains { $0.contains("█") } == (columns >= 80), "\(shown)")
  }

  /// What is said while a line of progress stands gets a line of its own.
  @Test func anInterruptionIsSaidBelowProgress() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let (status, lines) = try lines(
      [
        "train", "--activations", activations, "--out", folder.file("sae"), "--latents", "1024",
        "--k", "32", "--batch", "4000", "--steps", "1000",
      ], columns: 80, signal: SIGTERM)
    #expect(status == 128 + SIGTERM)
    #expect(lines.count == 2, "\(lines)")
    #expect(lines.last?.first?.hasPrefix("interrupted after step") == true, "\(lines)")
  }
}
