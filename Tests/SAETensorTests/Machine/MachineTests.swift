import Foundation
import SAEKernels
import Testing

@testable import SAETensor

@Suite struct MachineTests {
  @Test(arguments: ["abc", "", "0", "-1", "1.5", "4097", "99999999999999999999", " 2", "2 ", "０"])
  func aNumberOfThreadsThatIsNoneIsRefused(_ value: String) {
    let error = #expect(throws: OptionError.self) { _ = try Threads.requested(value) }
    #expect(error?.option == "SAE_NUM_THREADS")
    #expect(error?.description.contains("\"\(value)\"") == true, "\(error?.description ?? "")")
  }

  @Test func aNumberOfThreadsIsTaken() throws {
    #expect(try Threads.requested(nil) == nil)
    for count in [1, 2, 64, 4096] { #expect(try Threads.requested("\(count)") == count) }
    #expect(Threads.withCount(.max) { Threads.count } == 4096)
  }

  /// In the library a value that makes no sense is as good as none: nothing traps.
  @Test func whatMakesNoSenseIsNotObeyed() async {
    await #expect(processExitsWith: .success) {
      setenv("SAE_NUM_THREADS", "abc", 1)
      setenv("SAE_KERNELS", "sse", 1)
      let error = #expect(throws: OptionError.self) { try Machine.checkEnvironment() }
      #expect(error?.option == "SAE_KERNELS")
      setenv("SAE_KERNELS", "portable", 1)
      let second = #expect(throws: OptionError.self) { try Machine.checkEnvironment() }
      #expect(second?.option == "SAE_NUM_THREADS")
      setenv("SAE_KERNELS", "sse", 1)
      #expect(Threads.count > 0)
      #expect(kernelName == Kernels.available[0].name)
    }
  }

  @Test(arguments: [
    // Version 2, in a container.
    ([("/proc/self/cgroup", "0::/\n"), ("/sys/fs/cgroup/memory.max", "1000000\n")], 1_000_000),
    ([("/proc/self/cgroup", "0::/\n"), ("/sys/fs/cgroup/memory.max", "max\n")], nil),
    // A group within others: the least counts.
    (
      [
        ("/proc/self/cgroup", "0::/a/b\n"), ("/sys/fs/cgroup/a/b/memory.max", "max\n"),
        ("/sys/fs/cgroup/a/memory.max", "5000\n"), ("/sys/fs/cgroup/memory.max", "7000\n"),
      ], 5000
    ),
    // Version 1, with a path that only the host knows; and both at once.
    (
      [
        ("/proc/self/cgroup", "12:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/y\n"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "123456789\n"),
      ], 123_456_789
    ),
    ([("/proc/self/cgroup", "nonsense\n::\n0::\n\n7:memory")], nil),
    ([("/proc/self/cgroup", "0::/\n"), ("/sys/fs/cgroup/memory.max", "-5\n")], nil),
    ([], nil),
  ])
  func limitsOfControlGroupsAreRead(_ files: [(String, String)], _ limit: Int?) {
    let contents = Dictionary(uniqueKeysWithValues: files)
    #expect(MemoryLimits.controlGroup { contents[$0] } == limit)
  }

  @Test func memoryIsThatOfAMachine() {
    #expect(Machine.memory > 100 << 20)
    #expect(Machine.memory <= Int(ProcessInfo.processInfo.physicalMemory))
  }
}
