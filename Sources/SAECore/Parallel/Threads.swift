import Foundation

/// How many threads the library computes with.
///
/// `SAE_NUM_THREADS` sets the number for a process, ``withCount(_:_:)`` for a piece of work; else it
/// is the number of processors. Results are the same bits for every number.
public enum Threads {
  @TaskLocal static var override: Int?

  /// The number of threads in force.
  public static var count: Int { override ?? processDefault }

  /// Runs `body` with `count` threads for everything that the library computes in it.
  public static func withCount<Result>(
    _ count: Int, _ body: () throws -> Result
  ) rethrows -> Result {
    precondition(count > 0, "\(count) threads cannot compute anything")
    return try $override.withValue(count, operation: body)
  }

  private static let processDefault: Int = {
    guard let text = environmentValue("SAE_NUM_THREADS"), let count = Int(text), count > 0 else {
      return max(1, ProcessInfo.processInfo.activeProcessorCount)
    }
    return count
  }()
}
