#if canImport(Darwin)
  import Darwin
#else
  import Foundation
#endif

/// The instruction sets of an x86-64 machine that there are kernels for.
struct InstructionSets: OptionSet, Sendable {
  let rawValue: Int

  /// The features that a target compiled for x86-64-v3 may use.
  static let avx2 = InstructionSets(rawValue: 1)
  /// The features that a target compiled for x86-64-v4 may use.
  static let avx512 = InstructionSets(rawValue: 2)

  static let current = InstructionSets.detect()

  /// The names that Linux gives the features of x86-64-v3 beyond the second level.
  static let version3: Set<Substring> = ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"]
  /// What x86-64-v4 adds.
  static let version4: Set<Substring> = ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]

  /// From the flags that `/proc/cpuinfo` lists for the first processor.
  init(cpuinfo text: String) {
    self = []
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") }) else {
      return
    }
    let flags = Set(line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == ":" }))
    // Linux calls LZCNT "abm".
    guard flags.isSuperset(of: InstructionSets.version3), flags.contains("abm") else { return }
    insert(.avx2)
    if flags.isSuperset(of: InstructionSets.version4) { insert(.avx512) }
  }

  init(rawValue: Int) { self.rawValue = rawValue }

  private static func detect() -> InstructionSets {
    #if canImport(Darwin)
      var sets: InstructionSets = []
      if has("hw.optional.avx2_0") && has("hw.optional.fma") { sets.insert(.avx2) }
      if sets.contains(.avx2) && has("hw.optional.avx512f") && has("hw.optional.avx512bw")
        && has("hw.optional.avx512cd") && has("hw.optional.avx512dq")
        && has("hw.optional.avx512vl")
      {
        sets.insert(.avx512)
      }
      return sets
    #else
      guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else {
        return []
      }
      return InstructionSets(cpuinfo: text)
    #endif
  }

  #if canImport(Darwin)
    private static func has(_ name: String) -> Bool {
      var value: Int32 = 0
      var size = MemoryLayout<Int32>.size
      return unsafe sysctlbyname(name, &value, &size, nil, 0) == 0 && value != 0
    }
  #endif
}
