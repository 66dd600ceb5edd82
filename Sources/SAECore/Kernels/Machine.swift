import Foundation

/// The machine that the process runs on, and what its environment asks of the library.
///
/// Two variables are looked at, each when it is first needed: `SAE_KERNELS` names the kernels,
/// `SAE_NUM_THREADS` the number of threads. A value that makes no sense is never obeyed: the library
/// goes on as if the variable were missing, and says so once on standard error. A program that would
/// rather say it in its own way calls ``checkEnvironment()`` first.
public enum Machine {
  /// Throws where a variable asks for what this machine has not.
  ///
  /// - Throws: ``InvalidOption`` with the variable's name.
  public static func checkEnvironment() throws(InvalidOption) {
    _ = try Kernels.choose(
      requested: environmentValue(Kernels.variable), available: Kernels.available)
    _ = try Threads.requested(environmentValue(Threads.variable))
  }

  /// Bytes of memory that the process may have: what the machine has, or less where a control group
  /// (a container's, a batch system's) or the process's own limit allows less.
  public static let memory: Int = {
    let physical = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let limits = [ControlGroup.memoryLimit(of: ControlGroup.file), SystemCall.addressSpaceLimit]
    return limits.compactMap { $0 }.reduce(physical) { min($0, $1) }
  }()

  /// The value that makes sense; where there is none, `other`, said on standard error.
  static func value<Value>(
    _ requested: () throws(InvalidOption) -> Value?, or other: Value, called name: String
  ) -> Value {
    do {
      return try requested() ?? other
    } catch {
      SystemCall.writeStandardError("swift-sae: \(error); going on with \(name)\n")
      return other
    }
  }
}

/// The limits that Linux sets to groups of processes.
enum ControlGroup {
  /// The least memory that a process's group, or one around it, may have; nil for no limit.
  ///
  /// Version 2: `memory.max` in `/sys/fs/cgroup/PATH`; version 1: `memory.limit_in_bytes` in
  /// `/sys/fs/cgroup/memory/PATH`; PATH from `/proc/self/cgroup`. In a container the path may be one
  /// that the host knows: its ancestors, up to the container's root, count in any case.
  ///
  /// - Parameter contents: of a file; nil if it cannot be read.
  static func memoryLimit(of contents: (_ path: String) -> String?) -> Int? {
    var least: Int?
    for line in (contents("/proc/self/cgroup") ?? "").split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let root: String
      let file: String
      if fields[0] == "0", fields[1].isEmpty {
        (root, file) = ("/sys/fs/cgroup", "memory.max")
      } else if fields[1].split(separator: ",").contains("memory") {
        (root, file) = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
      } else {
        continue
      }
      var parts = fields[2].split(separator: "/")
      while true {
        let folder = ([root] + parts.map(String.init)).joined(separator: "/")
        let text = contents("\(folder)/\(file)")?.trimmingCharacters(in: .whitespacesAndNewlines)
        if let limit = text.flatMap({ Int($0) }), limit > 0 { least = min(limit, least ?? limit) }
        if parts.isEmpty { break }
        parts.removeLast()
      }
    }
    return least
  }

  static func file(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
