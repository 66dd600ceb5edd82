import SAECore
import SAEModels
import Testing

struct RunningTests {
  let model: LanguageModel
  let checkpoint: RandomCheckpoint
  let batch = TokenBatch([
    Gemma2Tests.tokens(20, below: 37, seed: 1), Gemma2Tests.tokens(9, below: 37, seed: 2),
  ])

  init() throws {
    checkpoint = try RandomCheckpoint()
    model = try LanguageModels.load(checkpoint.directory)
  }

  @Test func hookNames() throws {
    #expect(try HookPoint("blocks.4.hook_resid_post") == .residPost(4))
    #expect(try HookPoint("blocks.5.hook_resid_pre") == .residPost(4))
    #expect(try HookPoint("blocks.0.hook_resid_pre").depth == 0)
    #expect(try HookPoint("model.layers.4.output").name == "blocks.4.hook_resid_post")
    #expect(try HookPoint("layers.0.input") == .residPre(0))
    for name in [
      "", "blocks.4", "blocks.-1.hook_resid_post", "blocks.04.hook_resid_pre",
      "blocks.4.hook_mlp", "blocks.4.hook_resid_post.x", "layers.4.hook_resid_post",
      "blocks.9223372036854775807.hook_resid_post", "blocks.99999999999999999999.hook_resid_pre",
    ] {
      #expect(throws: ModelError.unknownHook(name: name)) { try HookPoint(name) }
    }
  }

  /// Runs on from activations to the end.
  func resume(_ activations: Matrix, at hook: HookPoint) throws -> Matrix {
    var pass = try ForwardPass(model, from: activations, at: hook, of: batch)
    try pass.advance(to: model.end)
    return pass.activations
  }

  @Test func resumingGivesTheSameBits() throws {
    let whole = try model.run(batch)
    for layer in 0..<model.layerCount {
      let before = try model.activations(at: .residPre(layer), of: batch)
      #expect(try resume(before, at: .residPre(layer)) == whole)
      let after = try model.activations(at: .residPost(layer), of: batch)
      #expect(try resume(after, at: .residPost(layer)) == whole)
    }
  }

  @Test func tapsReadReplaceAndStop() throws {
    let replacement = Matrix(rows: batch.count, columns: model.width) { Float($0 + $1) / 50 }
    let expected = try model.activations(at: .residPost(1), of: batch)
    var seen: [String] = []
    let taps = [
      Tap(.residPost(1)) { stream in
        seen.append("after 1")
        #expect(stream == expected)
        return .replace(replacement)
      },
      Tap(.residPre(0)) { stream in
        seen.append("before 0")
        #expect(stream == model.embed(batch))
        return .proceed
      },
      Tap(.residPre(2)) { stream in
        seen.append("before 2")
        #expect(stream == replacement)
        return .proceed
      },
    ]
    let changed = try model.run(batch, taps: taps)
    #expect(seen == ["before 0", "after 1", "before 2"])
    #expect(try changed == resume(replacement, at: .residPost(1)))
    let stop = [
      Tap(.residPost(0)) { _ in .stop },
      Tap(.residPost(1)) { _ in
        Issue.record("ran on after a stop")
        return .proceed
      },
    ]
    let stopped = try model.run(batch, taps: stop)
    #expect(try stopped == model.activations(at: .residPost(0), of: batch))
  }

  @Test func someLayersAlone() throws {
    let part = try LanguageModels.load(
      checkpoint.directory, options: ModelOptions(layers: 2))
    #expect(part.loadedLayers == 2)
    let hook = HookPoint.residPost(1)
    #expect(
      try part.activations(at: hook, of: batch) == model.activations(at: hook, of: batch))
    #expect(throws: ModelError.layerOutOfRange(hook: "blocks.2.hook_resid_post", layers: 2)) {
      try part.run(batch)
    }
    #expect(throws: ModelError.layerOutOfRange(hook: "blocks.2.hook_resid_post", layers: 2)) {
      try part.losses([part.embed(batch)], of: batch)
    }
    #expect(throws: ModelError.invalidOption(name: "layers", expected: "at least 0", found: "-1")) {
      try LanguageModels.load(checkpoint.directory, options: ModelOptions(layers: -1))
    }
  }

  @Test func refusesWhatTheModelCannotRun() throws {
    #expect(
      throws: ModelError.tokenOutsideVocabulary(
        sequence: 1, position: 2, vocabularySize: 37, found: 37)
    ) {
      try model.run(TokenBatch([[1, 2], [3, 4, 37]]))
    }
    #expect(throws: ModelError.sequenceTooLong(sequence: 0, expected: 700, found: 701)) {
      try model.run(TokenBatch([[UInt32](repeating: 1, count: 701)]))
    }
    #expect(throws: ModelError.layerOutOfRange(hook: "blocks.3.hook_resid_pre", layers: 3)) {
      try model.activations(at: .residPre(3), of: batch)
    }
    let stream = model.embed(batch)
    #expect(
      throws: ModelError.hookBehindStart(
        hook: "blocks.0.hook_resid_post", start: "blocks.1.hook_resid_post")
    ) {
      var pass = try ForwardPass(model, from: stream, at: .residPost(1), of: batch)
      try pass.advance(to: .residPost(0))
    }
    #expect(
      throws: ModelError.wrongActivations(
        hook: "blocks.0.hook_resid_pre", expected: "29 × 24", found: "2 × 24")
    ) {
      try resume(Matrix(rows: 2, columns: 24), at: .residPre(0))
    }
    #expect(
      throws: ModelError.wrongActivations(
        hook: "blocks.1.hook_resid_pre", expected: "29 × 24", found: "1 × 1")
    ) {
      try model.run(
        batch,
        taps: [
          Tap(.residPre(1)) { _ in .replace(Matrix(rows: 1, columns: 1)) }
        ])
    }
  }

  @Test func nothingToRun() throws {
    #expect(try model.run(TokenBatch([])).rows == 0)
    #expect(try model.losses(of: TokenBatch([[], [4]])).crossEntropies.isEmpty)
  }
}
