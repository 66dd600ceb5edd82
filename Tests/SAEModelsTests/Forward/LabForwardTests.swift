import SAECore
import SAEModels
import SAETestSupport
import Testing

/// The forward pass against one in float32 by another implementation, on real weights and text.
@Suite(withLab)
struct LabForwardTests {
  let model: LanguageModel
  let expected: SafetensorsFile
  let batch: TokenBatch

  init() throws {
    model = try Lab.model.get()
    expected = try SafetensorsFile(Lab.path("expected/forward.safetensors"))
    batch = try TokenBatch(expected.tensor("tokens"))
  }

  func compare(_ found: [Float], _ name: String) throws {
    let values = try expected.tensor(name).floats()
    #expect(found.count == values.count)
    let error = relativeError(found, values)
    #expect(error < float32Error, "\(name): \(error)")
  }

  @Test func residualStreams() throws {
    try compare(model.embed(batch).array, "embedding")
    var names: [String] = []
    let taps = expected.tensors.map(\.name).filter { $0.hasPrefix("resid_post_") }.map { name in
      let layer = Int(name.dropFirst("resid_post_".count)) ?? -1
      return Tap(.residPost(layer)) { stream in
        try compare(stream.array, name)
        names.append(name)
        return .proceed
      }
    }
    #expect(taps.count >= 5)
    let last = try model.run(batch, taps: taps)
    #expect(names.count == taps.count)
    try compare(model.finalNorm(last.view).array, "final_normed")
  }

  @Test func logits() throws {
    let last = try model.run(batch)
    let positions = try expected.tensor("logits_at").integers()
    try compare(model.logits(batch.rows(last, at: positions).view).array, "logits")
  }

  @Test func crossEntropies() throws {
    let found = try model.losses(of: batch).crossEntropies
    try compare(found.map { Float($0) }, "cross_entropy")
  }
}
