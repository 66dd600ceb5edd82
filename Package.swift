// swift-tools-version: 6.2
import PackageDescription

// The kernels are compiled once per instruction set; which copy runs is chosen at run time.

/// Checks that every target carries.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Unsafe constructs are marked, and spans of a matrix's elements carry their lifetime.
let memorySafe: [SwiftSetting] = [.strictMemorySafety(), .enableExperimentalFeature("Lifetimes")]

/// Kernels run at full speed in debug builds and in tests as well: `-O` stands in both, and without
/// the raised threshold the row loop of the micro-kernel is not unrolled, so that its accumulators
/// live in memory. Without `-fno-math-errno` a square root is a branch to the C library's, which sets
/// `errno`, and no loop with one becomes vectors. The thread sanitizer's clean-up after exceptions, of
/// which kernels throw none, would wrap the prefetch instruction in what it cannot be wrapped in.
func kernelSettings(march: String? = nil, vectorWidth: Int? = nil) -> [SwiftSetting] {
  var flags = [
    "-O", "-Xllvm", "-unroll-threshold=2000", "-Xcc", "-fno-math-errno",
    "-Xllvm", "-tsan-handle-cxx-exceptions=0",
  ]
  // `-Xarch_x86_64` makes every other architecture ignore the flag that follows it.
  if let march { flags += ["-Xcc", "-Xarch_x86_64", "-Xcc", "-march=\(march)"] }
  if let vectorWidth {
    flags += ["-Xcc", "-Xarch_x86_64", "-Xcc", "-mprefer-vector-width=\(vectorWidth)"]
  }
  return strict + [.unsafeFlags(flags)]
}

let package = Package(
  name: "swift-sae",
  platforms: [.macOS(.v26), .iOS(.v26), .tvOS(.v26), .watchOS(.v26), .visionOS(.v26)],
  products: [
    .library(name: "SAECore", targets: ["SAECore"]),
    .library(name: "SAEMetrics", targets: ["SAEMetrics"]),
    .library(name: "SAEModels", targets: ["SAEModels"]),
  ],
  targets: [
    .target(name: "SAEKernels", swiftSettings: kernelSettings()),
    .target(
      name: "SAEKernelsAVX2", dependencies: ["SAEKernels"],
      swiftSettings: kernelSettings(march: "x86-64-v3")),
    .target(
      name: "SAEKernelsAVX512", dependencies: ["SAEKernels"],
      swiftSettings: kernelSettings(march: "x86-64-v4", vectorWidth: 512)),
    .target(
      name: "SAETensor", dependencies: ["SAEKernels", "SAEKernelsAVX2", "SAEKernelsAVX512"],
      swiftSettings: strict + memorySafe),
    .target(
      name: "SAEFormats", dependencies: ["SAEKernels", "SAETensor"],
      swiftSettings: strict + memorySafe),
    .target(
      name: "SAECore", dependencies: ["SAETensor", "SAEFormats"],
      swiftSettings: strict + memorySafe),
    .target(
      name: "SAEMetrics", dependencies: ["SAECore"],
      swiftSettings: strict + memorySafe),
    .target(
      name: "SAEModels", dependencies: ["SAECore"],
      swiftSettings: strict + memorySafe),
    // Where the tests find other libraries' numbers, a small set of them, and what compares bits.
    .target(
      name: "SAETestSupport", dependencies: ["SAETensor", "SAEFormats"],
      path: "Tests/SAETestSupport", resources: [.copy("Fixtures")], swiftSettings: strict),
    .testTarget(
      name: "SAETensorTests", dependencies: ["SAEKernels", "SAETensor", "SAETestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "SAEFormatsTests", dependencies: ["SAEFormats", "SAETensor", "SAETestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "SAECoreTests", dependencies: ["SAECore", "SAETestSupport"], swiftSettings: strict),
    .testTarget(
      name: "SAEMetricsTests", dependencies: ["SAEMetrics", "SAEModels", "SAETestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "SAEModelsTests", dependencies: ["SAEModels", "SAECore", "SAETestSupport"],
      swiftSettings: strict),
  ]
)
