import Foundation

/// A program that answers requests: a line of JSON in, a line of JSON out.
///
/// It reads `{"id": 7, "prompt": "…"}` and answers `{"id": 7, "response": "…"}`, one line each, in
/// the order of the requests. Any other line counts as malformed, and so does an answer that does not
/// come in time; after that, or when the program ends, nothing more is asked.
final class JudgeProcess {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var buffered: [UInt8] = []
  private var isOver = false
  private let patience: Double
  private(set) var requests = 0
  private(set) var malformed = 0

  /// The longest answer; a longer one counts as malformed.
  private static let longestLine = 1 << 20

  /// Starts a command by the shell.
  ///
  /// - Parameters:
  ///   - command: as one would type it in a shell.
  ///   - patience: seconds to wait for an answer.
  init(_ command: String, patience: Double = 120) throws {
    self.patience = patience
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.standardInput = input
    process.standardOutput = output
    // A program that has ended must not end this one.
    signal(SIGPIPE, SIG_IGN)
    do {
      try process.run()
    } catch {
      throw StudyError("--judge \(command)", expected: "a program that starts", found: "\(error)")
    }
  }

  /// The shell's exit code where it found no such program, or one that it may not run; nil otherwise.
  var failureToStart: Int32? {
    guard isOver else { return nil }
    let deadline = Date().addingTimeInterval(1)
    while process.isRunning, Date() < deadline { usleep(1000) }
    guard !process.isRunning, process.terminationReason == .exit else { return nil }
    return [126, 127].contains(process.terminationStatus) ? process.terminationStatus : nil
  }

  private struct Request: Encodable {
    let id: Int
    let prompt: String
  }

  private struct Answer: Decodable {
    let id: Int
    let response: String
  }

  /// The answer to a request; nil if there is none that can be read.
  func ask(_ prompt: String) throws -> String? {
    requests += 1
    guard !isOver else {
      malformed += 1
      return nil
    }
    var line = try StudyJSON.encode(Request(id: requests, prompt: prompt), pretty: false)
    line.append(0x0A)
    do {
      try input.fileHandleForWriting.write(contentsOf: line)
    } catch {
      isOver = true
    }
    guard !isOver, let found = nextLine(),
      let answer = try? JSONDecoder().decode(Answer.self, from: Data(found)),
      answer.id == requests
    else {
      malformed += 1
      return nil
    }
    return answer.response
  }

  private func nextLine() -> [UInt8]? {
    let deadline = Date().addingTimeInterval(patience)
    let handle = output.fileHandleForReading
    while true {
      if let end = buffered.firstIndex(of: 0x0A) {
        let line = Array(buffered[..<end])
        buffered.removeFirst(end + 1)
        return line
      }
      let left = deadline.timeIntervalSinceNow
      var descriptor = pollfd(fd: handle.fileDescriptor, events: Int16(POLLIN), revents: 0)
      guard left > 0, buffered.count <= JudgeProcess.longestLine,
        poll(&descriptor, 1, Int32(min(left * 1000 + 1, 1e9))) > 0
      else {
        isOver = true
        return nil
      }
      let data = handle.availableData
      guard !data.isEmpty else {
        isOver = true
        return nil
      }
      buffered += data
    }
  }

  /// Ends the program: it is told by the end of its input, and made to after two seconds.
  func stop() {
    try? input.fileHandleForWriting.close()
    let deadline = Date().addingTimeInterval(isOver ? 0 : 2)
    while process.isRunning, Date() < deadline { usleep(10_000) }
    if process.isRunning { process.terminate() }
    let last = Date().addingTimeInterval(2)
    while process.isRunning, Date() < last { usleep(10_000) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }
}
