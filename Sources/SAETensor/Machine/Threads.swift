import Foundation

/// How many threads the library computes with.
///
/// `SAE_NUM_THREADS` sets the number for a process (see ``Machine``), ``withCount(_:_:)`` for a piece of
/// work; else it is the number of processors. Results are the same bits for every number.
public enum Threads {
  static let variable = "SAE_NUM_THREADS"
  /// More than any machine has.
  static let most = 4096

  @TaskLocal static var override: Int?

  /// The number of threads in force.
  public static var count: Int { override ?? processDefault }

  /// Runs `body` with `count` threads, at most 4096, for everything that the library computes in it.
  public static func withCount<Result>(
    _ count: Int, _ body: () throws -> Result
  ) rethrows -> Result {
    precondition(count > 0, "\(count) threads cannot compute anything")
    return try $override.withValue(min(count, most), operation: body)
  }

  private static let processDefault: Int = {
    let processors = min(max(1, ProcessInfo.processInfo.activeProcessorCount), most)
    return Machine.value(
      { () throws(OptionError) in try requested(environmentValue(variable)) }, or: processors,
      called: "\(processors)")
  }()

  /// The number that a value of the variable asks for; nil where there is no value.
  ///
  /// - Throws: ``OptionError`` if it is none.
  static func requested(_ value: String?) throws(OptionError) -> Int? {
    guard let value else { return nil }
    guard let count = Int(value), (1...most).contains(count) else {
      throw OptionError(
        variable, expected: "a whole number from 1 to \(most), or no such variable",
        found: quoted(value))
    }
    return count
  }
}
