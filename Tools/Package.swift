// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
]

/// Without optimization in release builds either, which saves three quarters of the time that the compiler needs:
/// for code that reads options, writes files and prints. What goes over every token, row or weight is in the library
/// and in `SAEStudyScans`.
let glue: [SwiftSetting] = settings + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

let package = Package(
  name: "sae-tools",
  platforms: [.macOS(.v26)],
  products: [.executable(name: "sae", targets: ["sae"])],
  dependencies: [
    .package(name: "swift-sae", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
  ],
  targets: [
    .target(
      name: "SAEStudyScans",
      dependencies: [.product(name: "SAECore", package: "swift-sae")],
      swiftSettings: settings),
    .target(
      name: "SAEStudy",
      dependencies: [
        "SAEStudyScans",
        .product(name: "SAECore", package: "swift-sae"),
        .product(name: "SAEMetrics", package: "swift-sae"),
        .product(name: "SAEModels", package: "swift-sae"),
      ],
      swiftSettings: glue),
    .executableTarget(
      name: "sae",
      dependencies: [
        "SAEStudy",
        .product(name: "SAECore", package: "swift-sae"),
        .product(name: "SAEMetrics", package: "swift-sae"),
        .product(name: "SAEModels", package: "swift-sae"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: glue),
    .testTarget(
      name: "SAEToolTests",
      dependencies: [
        "sae", "SAEStudy", .product(name: "SAECore", package: "swift-sae"),
        .product(name: "SAEModels", package: "swift-sae"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "SAEStudyTests",
      dependencies: [
        "SAEStudy", "SAEStudyScans", .product(name: "SAECore", package: "swift-sae"),
        .product(name: "SAEMetrics", package: "swift-sae"),
        .product(name: "SAEModels", package: "swift-sae"),
      ],
      swiftSettings: settings),
  ]
)
