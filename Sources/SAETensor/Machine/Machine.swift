import Foundation

/// The machine that the process runs on, and the settings of the library in its environment.
///
/// The library reads two variables, each when it first needs it: `SAE_KERNELS` names the kernels,
/// `SAE_NUM_THREADS` the number of threads. A value that makes no sense is never obeyed: the library goes
/// on as if the variable were missing, and says so once on standard error. A program that would rather
/// say it in its own way calls ``checkEnvironment()`` first.
public enum Machine {
  /// Throws where a variable asks for something that this machine does not have.
  ///
  /// - Throws: ``OptionError`` with the variable's name.
  public static func checkEnvironment() throws(OptionError) {
    _ = try Kernels.choose(
      requested: environmentValue(Kernels.variable), available: Kernels.available)
    _ = try Threads.requested(environmentValue(Threads.variable))
  }

  /// Bytes of memory that the process may have: those of the machine, or fewer where a control group (a
  /// container's, a batch system's) or the process's own limit allows fewer.
  public static var memory: Int { assumedMemory ?? foundMemory }

  /// The value that a test sets in the place of the machine's.
  @TaskLocal package static var assumedMemory: Int?

  private static let foundMemory: Int = {
    let physical = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let limits = [MemoryLimits.controlGroup(of: MemoryLimits.file), MemoryLimits.addressSpace]
    return limits.compactMap { $0 }.reduce(physical) { min($0, $1) }
  }()

  /// The value if it makes sense; otherwise `other`, with a message on standard error.
  static func value<Value>(
    _ requested: () throws(OptionError) -> Value?, or other: Value, called name: String
  ) -> Value {
    do {
      return try requested() ?? other
    } catch {
      StandardError.write("swift-sae: \(error); going on with \(name)\n")
      return other
    }
  }
}
