package import SAEKernels

#if arch(x86_64)
  import SAEKernelsAVX2
  import SAEKernelsAVX512
#endif

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The kernels that this process uses: the widest vectors that the machine has, chosen once.
///
/// `SAE_KERNELS` set to `portable`, `avx2` or `avx512` overrides the choice; see ``Machine``.
package enum Kernels {
  static let variable = "SAE_KERNELS"

  /// The chosen table.
  package static let table: KernelTable = Machine.value(
    { () throws(OptionError) in
      try choose(requested: environmentValue(variable), available: available)
    }, or: available[0], called: available[0].name)

  /// Every table that this machine can run, the widest first.
  package static let available: [KernelTable] = {
    var tables: [KernelTable] = []
    #if arch(x86_64)
      let features = InstructionSets.current
      if features.contains(.avx512) { tables.append(avx512Kernels) }
      if features.contains(.avx2) { tables.append(avx2Kernels) }
    #endif
    return tables + [portableKernels]
  }()

  /// The table of the requested name, else the widest.
  ///
  /// - Throws: ``OptionError`` if no table has the requested name: another one would make a
  ///   comparison of kernels compare one with itself.
  package static func choose(
    requested: String?, available: [KernelTable]
  ) throws(OptionError) -> KernelTable {
    guard let requested else { return available[0] }
    guard let table = available.first(where: { $0.name == requested }) else {
      throw OptionError(
        variable,
        expected: available.map(\.name).joined(separator: " or ")
          + ", which this machine can run, or no such variable", found: quoted(requested))
    }
    return table
  }
}

/// The value of an environment variable, if it is set.
package func environmentValue(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  return unsafe String(cString: value)
}

/// Which kernels the library computes with on this machine: "avx512", "avx2" or "portable".
public var kernelName: String { Kernels.table.name }
