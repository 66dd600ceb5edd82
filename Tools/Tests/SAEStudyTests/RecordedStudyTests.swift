import Foundation
import SAECore
import Testing

@testable import SAEStudy

/// What a small study finds, to the bit, as it was when it was last recorded: see `RECORD_BITS` in
/// `CONTRIBUTING.md`.
@Suite struct RecordedStudyTests {
  private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../Data/study-\(kernelName).json").standardizedFileURL

  private static let isRecording = ProcessInfo.processInfo.environment["RECORD_BITS"] == "1"

  private static let isPresent: Bool = {
    #if os(Linux) && arch(x86_64) && canImport(Glibc)
      isRecording || FileManager.default.fileExists(atPath: file.path)
    #else
      false
    #endif
  }()

  private static var configuration: StudyConfiguration {
    var configuration = StudyConfiguration.demo(seed: 3)
    configuration.latents = [16]
    configuration.sparsity = [2, 3]
    configuration.seeds = 2
    configuration.streamTokens = 1024
    configuration.trainingTokens = 6 * 256
    configuration.batch = 256
    configuration.heldOutTokens = 1024
    return configuration
  }

  @Test(
    .enabled(if: isPresent, "no study recorded of the kernels \(kernelName) with this C library"))
  func results() throws {
    let folder = try ScratchFolder()
    var results = try Study(demo: Self.configuration, directory: folder.file("study")).run().results
    results.libraryVersion = ""
    let found = try results.json()
    if Self.isRecording { try found.write(to: Self.file) }
    let expected = try Data(contentsOf: Self.file)
    #expect(String(decoding: found, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
  }
}
