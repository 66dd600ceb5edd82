// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
]

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
      name: "SAEStudy",
      dependencies: [
        .product(name: "SAECore", package: "swift-sae"),
        .product(name: "SAEMetrics", package: "swift-sae"),
        .product(name: "SAEModels", package: "swift-sae"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "sae",
      dependencies: [
        "SAEStudy",
        .product(name: "SAECore", package: "swift-sae"),
        .product(name: "SAEMetrics", package: "swift-sae"),
        .product(name: "SAEModels", package: "swift-sae"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
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
        "SAEStudy", .product(name: "SAECore", package: "swift-sae"),
        .product(name: "SAEMetrics", package: "swift-sae"),
        .product(name: "SAEModels", package: "swift-sae"),
      ],
      swiftSettings: settings),
  ]
)
