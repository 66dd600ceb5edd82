import SAEKernels
import Testing

@testable import SAETensor

@Suite struct KernelsTests {
  @Test func widestComesFirstAndNamesChoose() throws {
    let tables = Kernels.available
    #expect(tables.last?.name == "portable")
    #expect(try Kernels.choose(requested: nil, available: tables).name == tables[0].name)
    for table in tables {
      #expect(try Kernels.choose(requested: table.name, available: tables).name == table.name)
    }
  }

  /// Also a known one that the machine cannot run.
  @Test(arguments: ["avx1024", "", "AVX2", "avx512"])
  func anUnknownNameIsRefused(_ name: String) {
    let tables = Kernels.available.filter { $0.name != "avx512" }
    let error = #expect(throws: OptionError.self) {
      _ = try Kernels.choose(requested: name, available: tables)
    }
    #expect(error?.description.contains("SAE_KERNELS: expected") == true)
    #expect(error?.description.contains("portable") == true)
  }

  @Test func featuresOfAProcessorMakeInstructionSets() {
    let third = "avx avx2 bmi1 bmi2 f16c fma movbe abm"
    let fourth = "avx512f avx512bw avx512cd avx512dq avx512vl"
    #expect(InstructionSets(cpuinfo: "model name: x\nflags\t\t: sse2 \(third)\n") == .avx2)
    #expect(InstructionSets(cpuinfo: "flags : \(third) \(fourth)") == [.avx2, .avx512])
    // AVX-512 without what x86-64-v4 also needs, or without the third level, is not enough.
    #expect(InstructionSets(cpuinfo: "flags : \(third) avx512f") == .avx2)
    #expect(InstructionSets(cpuinfo: "flags : avx avx2 \(fourth)") == [])
    #expect(InstructionSets(cpuinfo: "Features : fp asimd") == [])
    #expect(InstructionSets(cpuinfo: "") == [])
  }
}
