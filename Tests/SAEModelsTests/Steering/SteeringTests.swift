import SAECore
import Testing

@testable import SAEModels

struct SteeringTests {
  let decoder = Matrix(rows: 5, columns: 24) { Float(($0 * 5 + $1 * 3) % 7 - 3) / 10 }
  let model: LanguageModel
  let checkpoint: RandomCheckpoint
  let batch = TokenBatch([Gemma2Tests.tokens(20, below: 37, seed: 1)])
  let hook = HookPoint.residPost(1)

  init() throws {
    checkpoint = try RandomCheckpoint()
    model = try LanguageModels.load(checkpoint.directory)
  }

  func steer(
    _ edits: [(latent: Int, edit: LatentSteering.Edit)], keepsError: Bool = true
  ) throws -> (own: Matrix, changed: Matrix) {
    let own = try model.activations(at: hook, of: batch)
    let steering = try LatentSteering(Reading(decoder: decoder), edits, keepsError: keepsError)
    var pass = try ForwardPass(model, batch)
    try pass.advance(to: hook, interventions: [steering.intervention(at: hook)])
    return (own, pass.activations)
  }

  @Test func addsARow() throws {
    let (own, changed) = try steer([(3, .add(2.5))])
    let expected = Matrix(rows: own.rows, columns: own.columns) {
      own[$0, $1] + 2.5 * decoder[3, $1]
    }
    #expect(relativeError(changed.array, expected.array) < 1e-7)
  }

  /// The activations change by what the latent changes by, times its row; the error stays.
  @Test func setsAndScales() throws {
    let latents = try Reading(decoder: decoder).encode(
      model.activations(at: hook, of: batch)
    ).dense()
    let cases: [(LatentSteering.Edit, (Float) -> Float)] = [
      (.set(4), { _ in 4 }), (.set(0), { _ in 0 }), (.scale(3), { 3 * $0 }),
    ]
    for (edit, value) in cases {
      let (own, changed) = try steer([(2, edit)])
      let expected = Matrix(rows: own.rows, columns: own.columns) { row, column in
        own[row, column] + (value(latents[row, 2]) - latents[row, 2]) * decoder[2, column]
      }
      #expect(relativeError(changed.array, expected.array) < 1e-5, "\(edit)")
      #expect(changed != own, "\(edit)")
    }
    #expect(latents.array.contains { $0 > 0 })
  }

  @Test func withoutTheError() throws {
    let autoencoder = Reading(decoder: decoder)
    let (own, changed) = try steer([(0, .scale(1))], keepsError: false)
    #expect(changed == (try autoencoder.reconstruct(own)))
    let (_, kept) = try steer([(0, .scale(1))])
    #expect(relativeError(kept.array, own.array) < 1e-6)
  }

  /// Prompt and written tokens are changed apart, and several changes work at once.
  @Test func tokensThatAreChanged() throws {
    let vector = (0..<24).map { Float($0 % 3) * 3 }
    let prompt = Array(batch.tokens.prefix(6))
    func generate(_ interventions: [Intervention]) throws -> [UInt32] {
      try model.generate(
        prompt, options: GenerationOptions(count: 8, stops: []), interventions: interventions)
    }
    // The same with whole runs, of which some positions are changed.
    func plain(_ changes: @escaping (Int) -> Bool) throws -> [UInt32] {
      var text = prompt
      for _ in 0..<8 {
        let last = try model.run(
          TokenBatch([text]),
          taps: [
            Tap(hook) { activations in
              .replace(
                Matrix(rows: activations.rows, columns: 24) {
                  activations[$0, $1] + (changes($0) ? vector[$1] : 0)
                })
            }
          ])
        let logits = model.logits(last[rows: last.rows - 1..<last.rows]).array
        text.append(UInt32(logits.indices.max { logits[$0] < logits[$1] } ?? 0))
      }
      return Array(text.dropFirst(prompt.count))
    }
    #expect(try generate([.adding(vector, at: hook)]) == plain { _ in true })
    #expect(try generate([.adding(vector, at: hook, on: .prompt)]) == plain { $0 < 6 })
    #expect(try generate([.adding(vector, at: hook, on: .generated)]) == plain { $0 >= 6 })
    #expect(try generate([]) == plain { _ in false })
    let halves = vector.map { $0 / 2 }
    #expect(
      try generate([.adding(halves, at: hook), .adding(halves, at: hook)])
        == plain { _ in true })
  }

  @Test func whatDoesNotFit() throws {
    let autoencoder = Reading(decoder: decoder)
    #expect(throws: ModelError.invalidOption(name: "latent", expected: "0 to 4", found: "5")) {
      try LatentSteering(autoencoder, [(5, .add(1))])
    }
    #expect(throws: ModelError.self) { try LatentSteering(autoencoder, [(0, .set(.nan))]) }
    let narrow = try LatentSteering(
      Reading(decoder: Matrix(rows: 2, columns: 3)), [(0, .add(1))])
    #expect(throws: ShapeError.self) {
      try model.generate(
        [1, 2], options: GenerationOptions(count: 2),
        interventions: [narrow.intervention(at: hook)])
    }
    #expect(throws: ModelError.self) {
      var pass = try ForwardPass(model, batch)
      try pass.advance(
        to: model.end,
        interventions: [Intervention(at: .residPre(0), from: hook) { _, own in own }])
    }
  }
}
