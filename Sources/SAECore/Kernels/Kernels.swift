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
/// `SAE_KERNELS` set to `portable`, `avx2` or `avx512` overrides the choice.
package enum Kernels {
  /// The chosen table.
  package static let table: KernelTable = choose(
    requested: environmentValue("SAE_KERNELS"), available: available)

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
  /// - Precondition: a requested name is that of an available table; a name that is not would make
  ///   a comparison of kernels compare one with itself.
  package static func choose(requested: String?, available: [KernelTable]) -> KernelTable {
    guard let requested, !requested.isEmpty else { return available[0] }
    let names = available.map(\.name)
    guard let index = names.firstIndex(of: requested) else {
      preconditionFailure(
        "SAE_KERNELS is \"\(requested)\", this machine has \(names.joined(separator: ", "))")
    }
    return available[index]
  }
}

/// The value of an environment variable, if it is set.
package func environmentValue(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  return unsafe String(cString: value)
}

/// Which kernels the library computes with on this machine: "avx512", "avx2" or "portable".
public var kernelName: String { Kernels.table.name }
