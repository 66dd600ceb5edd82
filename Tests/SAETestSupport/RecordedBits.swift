import Foundation
import SAETensor
import Synchronization

/// Results as they were when they were last recorded, to the bit: a change that is not meant to change
/// arithmetic leaves them equal.
///
/// `Tests/Data/bits` has a file for each set of kernels, since each adds in another order. Sums that go
/// through `exp`, `log` or `cos` depend on the C library as well, so that the records are those of glibc
/// on x86-64. With `RECORD_BITS=1` the tests write what they find.
package enum RecordedBits {
  private static let isRecording = ProcessInfo.processInfo.environment["RECORD_BITS"] == "1"

  private static let file = Checkout.tests("Data/bits/\(kernelName).json")

  private static let records = Mutex<[String: String]>(read() ?? [:])

  private static func read() -> [String: String]? {
    try? JSONDecoder().decode([String: String].self, from: Data(contentsOf: file))
  }

  /// Whether there is anything to compare with.
  package static let isPresent = absence == nil

  /// What is not compared, and why; nil if there is a record.
  private static let absence: String? = {
    #if os(Linux) && arch(x86_64) && canImport(Glibc)
      return isRecording || read() != nil
        ? nil : "no bits recorded of the kernels \(kernelName); RECORD_BITS=1 records them"
    #else
      return "the recorded bits are those of x86-64 and glibc"
    #endif
  }()

  /// Why tests are skipped.
  package static var reason: String { absence ?? "" }

  /// The recorded hash of a name; while recording, the one that was found.
  package static func expected(_ name: String, found: BitHash) throws -> String {
    try records.withLock { records in
      guard isRecording else { return records[name] ?? "no record of \(name)" }
      records[name] = "\(found)"
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try (encoder.encode(records) + Data("\n".utf8)).write(to: file)
      return "\(found)"
    }
  }
}
