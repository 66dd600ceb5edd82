// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "sae-benchmarks",
  platforms: [.macOS(.v26)],
  dependencies: [
    .package(name: "swift-sae", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
  ],
  targets: [
    .executableTarget(
      name: "sae-benchmarks",
      dependencies: [
        .product(name: "SAECore", package: "swift-sae"),
        .product(name: "SAEMetrics", package: "swift-sae"),
        .product(name: "SAEModels", package: "swift-sae"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")])
  ]
)
