import Foundation
import SAECore
import SAEModels
import Testing

struct TokenLossesTests {
  @Test func agreesWithDoubles() throws {
    let checkpoint = try RandomCheckpoint()
    let model = try LanguageModels.load(checkpoint.directory)
    let plain = try PlainGemma2(checkpoint)
    let sequences = [12, 1, 0, 30].map { Gemma2Tests.tokens($0, below: 37, seed: UInt64($0)) }
    let batch = TokenBatch(sequences)
    let clean = try model.run(batch)
    let zero = Matrix(rows: batch.count, columns: model.width)
    let losses = try model.losses([clean, zero], of: batch)
    var crossEntropies: [Double] = []
    var divergences: [Double] = []
    for sequence in sequences where !sequence.isEmpty {
      let logits = plain.logits(plain.streams(sequence)[3])
      for (row, target) in zip(logits, sequence.dropFirst()) {
        let normalizer = log(row.reduce(0) { $0 + exp($1) })
        crossEntropies.append(normalizer - row[Int(target)])
        // Zeros stay zeros in the norm: all tokens are equally likely.
        divergences.append(
          row.reduce(0) { $0 + exp($1 - normalizer) * ($1 - normalizer + log(37)) })
      }
    }
    #expect(losses[0].crossEntropies.count == 40)
    #expect(losses[0].divergences.isEmpty)
    for index in 0..<40 {
      #expect(abs(losses[0].crossEntropies[index] - crossEntropies[index]) < 2e-5)
      #expect(abs(losses[1].crossEntropies[index] - log(37)) < 1e-6)
      #expect(abs(losses[1].divergences[index] - divergences[index]) < 2e-5)
    }
  }

  @Test func splicesThatChangeNothing() throws {
    let checkpoint = try RandomCheckpoint()
    let model = try LanguageModels.load(checkpoint.directory)
    let run = try LossRecoveredRun(
      model, at: .residPost(0), tokens: TokenStream(Gemma2Tests.tokens(95, below: 37, seed: 1)),
      mean: [Float](repeating: 0, count: model.width),
      options: PieceOptions(context: 10, sequencesPerBatch: 4))
    var done: [Int] = []
    let results = try run.evaluate([
      { $0 }, { Matrix(rows: $0.rows, columns: $0.columns) },
    ]) { done.append($0) }
    #expect(done == [4, 8, 10])
    #expect(results[0].sequences == 10 && results[0].predictions == 95)
    #expect(results[0].spliced == results[0].clean)
    #expect(results[0].splicedDivergence == 0)
    #expect(results[0].lossRecoveredOverZero == 1)
    #expect(results[0].zeroAblated != results[0].clean && results[0].zeroDivergence ?? 0 > 0)
    #expect(results[1].lossRecoveredOverZero == 0)
    #expect(results[1].spliced == results[1].meanAblated)
    #expect(results[1].divergenceRecoveredOverZero == 0)
  }

  /// Tokens that are left out keep their activations, and no prediction of them or at them counts.
  @Test func tokensThatAreLeftOut() throws {
    let checkpoint = try RandomCheckpoint()
    let model = try LanguageModels.load(checkpoint.directory)
    let tokens = Gemma2Tests.tokens(30, below: 37, seed: 1)
    let skipped: Set<UInt32> = [tokens[4], tokens[17], tokens[18]]
    let run = try LossRecoveredRun(
      model, at: .residPost(0), tokens: TokenStream(tokens),
      mean: [Float](repeating: 0, count: model.width),
      options: PieceOptions(context: 10, sequencesPerBatch: 2, skippedTokens: skipped))
    let zeros: Splice = { Matrix(rows: $0.rows, columns: $0.columns) }
    let found = try run.evaluate([zeros])[0]
    var (clean, spliced, predictions) = (0.0, 0.0, 0)
    for first in stride(from: 0, to: 30, by: 10) {
      let sequence = [1] + tokens[first..<first + 10]
      let batch = TokenBatch([sequence])
      var activations = try model.activations(at: .residPost(0), of: batch)
      let whole = try model.losses([model.run(batch)], of: batch)[0].crossEntropies
      for (row, token) in sequence.enumerated() where row > 0 && !skipped.contains(token) {
        for column in 0..<model.width { activations[row, column] = 0 }
      }
      var pass = try ForwardPass(model, from: activations, at: .residPost(0), of: batch)
      try pass.advance(to: model.end)
      let changed = try model.losses([pass.activations], of: batch)[0].crossEntropies
      for row in 0..<10
      where !skipped.contains(sequence[row]) && !skipped.contains(sequence[row + 1]) {
        clean += whole[row]
        spliced += changed[row]
        predictions += 1
      }
    }
    #expect(predictions > 10 && predictions < 28 && found.predictions == predictions)
    #expect(abs((found.clean ?? .nan) - clean / Double(predictions)) < 1e-12)
    #expect(abs((found.spliced ?? .nan) - spliced / Double(predictions)) < 1e-6)
    #expect(found.spliced == found.zeroAblated)
  }

  /// The activations themselves recover all of the loss, an ablation nothing of what it costs itself,
  /// where the mean is not 0 and tokens are left out, whose activations no splice gets to see.
  @Test func identityRecoversAllAndAblationNothing() throws {
    let checkpoint = try RandomCheckpoint()
    let model = try LanguageModels.load(checkpoint.directory)
    let tokens = Gemma2Tests.tokens(40, below: 37, seed: 3)
    let skipped: Set<UInt32> = [tokens[0], tokens[21]]
    let mean = (0..<model.width).map { Float($0 % 5) / 4 - 0.25 }
    let run = try LossRecoveredRun(
      model, at: .residPost(1), tokens: TokenStream(tokens), mean: mean,
      options: PieceOptions(context: 10, sequencesPerBatch: 3, skippedTokens: skipped))
    var rows = 0
    let results = try run.evaluate([
      { activations in
        rows += activations.rows
        return activations
      },
      { Matrix(rows: $0.rows, columns: $0.columns) },
      { x in Matrix(rows: x.rows, columns: x.columns) { mean[$1] } },
    ])
    #expect(rows == tokens.count { !skipped.contains($0) })
    let (identity, zero, average) = (results[0], results[1], results[2])
    #expect(identity.lossRecoveredOverZero == 1 && identity.lossRecoveredOverMean == 1)
    #expect(identity.sequenceMeanLossRecoveredOverZero == 1)
    #expect(identity.divergenceRecoveredOverZero == 1 && identity.deltaLoss == 0)
    #expect(zero.lossRecoveredOverZero == 0 && zero.divergenceRecoveredOverZero == 0)
    #expect(average.lossRecoveredOverMean == 0 && average.divergenceRecoveredOverMean == 0)
    #expect(average.spliced != zero.spliced)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let checkpoint = try RandomCheckpoint()
    let model = try LanguageModels.load(checkpoint.directory)
    let tokens = TokenStream(Gemma2Tests.tokens(20, below: 37, seed: 1))
    #expect(
      throws: ModelError.invalidOption(name: "mean", expected: "24 numbers", found: "3")
    ) {
      try LossRecoveredRun(model, at: .residPost(0), tokens: tokens, mean: [1, 2, 3])
    }
    let mean = [Float](repeating: 0, count: 24)
    #expect(throws: ModelError.layerOutOfRange(hook: "blocks.3.hook_resid_post", layers: 3)) {
      try LossRecoveredRun(model, at: .residPost(3), tokens: tokens, mean: mean)
    }
    #expect(
      throws: ModelError.wrongTokens(
        file: "tokens", expected: "sequences with a token to predict", found: "0 tokens")
    ) {
      try LossRecoveredRun(model, at: .residPost(0), tokens: tokens[3..<3], mean: mean)
    }
    let run = try LossRecoveredRun(model, at: .residPost(0), tokens: tokens, mean: mean)
    #expect(
      throws: ModelError.wrongActivations(
        hook: "blocks.0.hook_resid_post", expected: "20 × 24", found: "1 × 24")
    ) {
      try run.evaluate([{ _ in Matrix(rows: 1, columns: 24) }])
    }
  }
}
