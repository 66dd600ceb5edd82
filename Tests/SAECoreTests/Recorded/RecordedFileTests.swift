import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Every byte of what is written of autoencoders, tensors and latents. The numbers come from no kernel.
@Suite(.enabled(if: RecordedBits.isPresent, "\(RecordedBits.reason)"))
struct RecordedFileTests {
  /// The bytes of a file, or of all files below a folder with their names.
  private static func hash(_ path: String) throws -> BitHash {
    let manager = FileManager.default
    var hash = BitHash()
    func add(_ path: String, _ name: String) throws {
      var isFolder: ObjCBool = false
      _ = manager.fileExists(atPath: path, isDirectory: &isFolder)
      guard isFolder.boolValue else {
        hash.add(name)
        return hash.add(bytes: try Data(contentsOf: URL(fileURLWithPath: path)))
      }
      for entry in try manager.contentsOfDirectory(atPath: path).sorted() {
        try add("\(path)/\(entry)", "\(name)/\(entry)")
      }
    }
    try add(path, "")
    return hash
  }

  private static func expectRecorded(_ path: String, _ name: String) throws {
    let hash = try hash(path)
    #expect("\(hash)" == (try RecordedBits.expected("files/\(name)", found: hash)), "\(name)")
  }

  @Test func layouts() throws {
    let scratch = try ScratchFolder()
    var written: Set<SAELayout> = []
    for (index, (name, model)) in OpeningTests.models.enumerated() {
      for layout in SAELayout.allCases {
        let path = scratch.file("\(index)-\(layout.rawValue)")
        let archive = model.archive()
        guard refusal({ try archive.expressed(in: layout).write(to: path, as: layout) }) == nil
        else { continue }
        written.insert(layout)
        try Self.expectRecorded(path, "\(name)/\(layout.rawValue)")
      }
    }
    #expect(written == [.saeLens, .gemmaScope, .sparsify, .safetensors])
  }

  @Test func boosted() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("boosted")
    try OpeningTests.topK(rescales: true).archive().write(
      boostedBy: OpeningTests.reLU(subtracts: false).archive(), to: path)
    try Self.expectRecorded(path, "boosted")
  }

  @Test func tensors() throws {
    let scratch = try ScratchFolder()
    let rows = Matrix.random(3, 5, seed: 8)
    for type in [ElementType.f16, .bf16, .f32, .f64] {
      let declaration = TensorDeclaration("x", type, [3, 5])
      let paths = ["npy", "npz", "safetensors"].map { scratch.file("\(type).\($0)") }
      if type != .bf16 {
        var npy = try NpyWriter(paths[0], declaration)
        try npy.append(rows.array, to: "x")
        try npy.finish()
        var npz = try NpzWriter(paths[1], [declaration])
        try npz.append(rows.array, to: "x")
        try npz.finish()
      }
      var safetensors = try SafetensorsWriter(paths[2], [declaration], metadata: ["a": "b"])
      try safetensors.append(rows.array, to: "x")
      try safetensors.finish()
      for path in paths where FileManager.default.fileExists(atPath: path) {
        let ending = URL(fileURLWithPath: path).pathExtension
        try Self.expectRecorded(path, "\(type)/\(ending)")
      }
    }
  }

  @Test func latents() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("latents.safetensors")
    let latents = SparseLatents(dense: .wholeNumbers(9, 14, seed: 9))
    var writer = try SparseLatentsWriter(
      path, tokens: latents.tokens, latentCount: latents.latentCount, metadata: ["layer": "7"])
    try writer.append(latents)
    try writer.finish()
    try Self.expectRecorded(path, "latents")
  }
}
