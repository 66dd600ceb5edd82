import SAETestSupport
import Testing

@testable import SAECore

/// SAELens' parameters, latents and reconstruction after each kind of folding.
@Suite struct FoldingFixtureTests {
  let bound = 32 * Double(Float.ulpOfOne)

  func kind(_ variant: String, _ file: SafetensorsFile) throws -> DenseAutoencoder.Kind {
    switch variant {
    case "standard": return .standard
    case "jumprelu": return .jumpReLU
    case "gated": return .gated
    case "topk_rescaled":
      let latents = try file.matrix("topk_rescaled.before.latents")
      let k = (0..<latents.rows).map { row in
        (0..<latents.columns).count { latents[row, $0] != 0 }
      }.max()
      return .rescaledTopK(k: try #require(k))
    default: throw UnknownVariant(name: variant)
    }
  }

  struct UnknownVariant: Error { let name: String }

  @Test func everyVariantAndFolding() throws {
    for path in try MachineryFixtures.files("folding.safetensors") {
      let file = try SafetensorsFile(path)
      let x = try file.matrix("x")
      let all = try file.parameters("before.")
      let factor = try #require(try file.doubles("scaling_factor").first)
      let whitening = Whitening(
        mean: try file.doubles("whitening.mean"), matrix: try file.doubles("whitening.matrix"),
        inverse: try file.doubles("whitening.inverse_matrix"))
      let cases = Set(
        file.tensors.map(\.name).filter { $0.hasSuffix(".W_dec") && $0 != "before.W_dec" }
          .map { String($0.dropLast(".W_dec".count)) }
      ).sorted()
      #expect(cases.count > 3)
      for name in cases {
        print("folding.safetensors: \(name)")
        let parts = name.split(separator: ".").map(String.init)
        let kind = try kind(parts[0], file)
        let expected = try file.parameters("\(name).")
        var parameters = ParameterSet(
          names: expected.names, matrices: expected.names.map { all[$0] })
        let before = DenseAutoencoder(kind: kind, parameters: parameters).run(x)
        try expectClose(before, file, "\(parts[0]).before", name)
        var folded = kind
        switch parts[1] {
        case "decoder_norm": try parameters.foldDecoderNorms()
        case "scaling_factor": try parameters.foldScalingFactor(factor)
        case "whitening":
          if case .rescaledTopK = kind { try parameters.foldDecoderNorms() }
          try parameters.foldWhitening(whitening, subtractsDecoderBias: true)
          if case .rescaledTopK(let k) = kind { folded = .topK(k: k) }
        default: throw UnknownVariant(name: name)
        }
        for parameter in expected.names {
          #expect(
            relativeDifference(parameters[parameter].array, expected[parameter].array) < bound,
            "\(name): \(parameter)")
        }
        try expectClose(
          DenseAutoencoder(kind: folded, parameters: parameters).run(x), file, name, name)
      }
    }
  }

  func expectClose(
    _ pass: DenseAutoencoder.Pass, _ file: SafetensorsFile, _ prefix: String, _ name: String
  ) throws {
    #expect(
      relativeDifference(pass.latents, try file.floats("\(prefix).latents")) < bound,
      "\(name): latents of \(prefix)")
    #expect(
      relativeDifference(pass.reconstruction, try file.floats("\(prefix).recon")) < bound,
      "\(name): reconstruction of \(prefix)")
  }
}
