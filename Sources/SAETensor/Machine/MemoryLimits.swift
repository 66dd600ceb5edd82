import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The limits that the system sets to a process's memory.
enum MemoryLimits {
  /// Bytes that the process may have mapped, `ulimit -v`; nil for no limit.
  static var addressSpace: Int? {
    var limit = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_AS.rawValue)
    #else
      let resource = RLIMIT_AS
    #endif
    guard unsafe getrlimit(resource, &limit) == 0 else { return nil }
    return Int(exactly: limit.rlim_cur)
  }

  /// The least memory that a process's group, or one around it, may have; nil for no limit.
  ///
  /// Version 2: `memory.max` in `/sys/fs/cgroup/PATH`; version 1: `memory.limit_in_bytes` in
  /// `/sys/fs/cgroup/memory/PATH`; PATH from `/proc/self/cgroup`. In a container the path may be one
  /// that the host knows: its ancestors, up to the container's root, count in any case.
  ///
  /// - Parameter contents: of a file; nil if it cannot be read.
  static func controlGroup(of contents: (_ path: String) -> String?) -> Int? {
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
