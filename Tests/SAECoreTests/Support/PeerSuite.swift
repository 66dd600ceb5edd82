import SAETestSupport
import Testing

/// The suites that share out the peers' cases among themselves, by what a case calls its variant.
enum PeerSuite: CaseIterable {
  case relu, gated, jumpReLU, topK, multiTopK, signDescent, batchTopK, matryoshka, absTopK, groupMax
  case matchingPursuit, skipTranscoder

  func accepts(_ variant: String) -> Bool {
    switch self {
    case .relu: variant.hasPrefix("standard") || variant == "p-annealing"
    case .gated: variant.hasPrefix("gated")
    case .jumpReLU: variant == "jumprelu"
    case .topK: variant == "topk"
    case .multiTopK: variant == "topk + auxk + multi-topk"
    case .signDescent: variant == "topk, schedule-free sign descent"
    case .batchTopK: variant == "batchtopk"
    case .matryoshka: variant == "matryoshka_batchtopk"
    case .absTopK: variant == "abstopk"
    case .groupMax: variant == "groupmax"
    case .matchingPursuit: variant == "matching_pursuit"
    case .skipTranscoder: variant == "topk skip-transcoder"
    }
  }
}

@Suite struct PeerSuiteTests {
  @Test(arguments: try EncoderFixture.all()) func everyCaseHasOneSuite(_ fixture: EncoderFixture) {
    let suites = PeerSuite.allCases.filter { $0.accepts(fixture.variant) }
    #expect(suites.count == 1, "\(fixture.name), \(fixture.variant), is run by \(suites)")
  }

  @Test(arguments: PeerSuite.allCases) func everySuiteHasACase(_ suite: PeerSuite) throws {
    #expect(try !EncoderFixture.all(of: suite).isEmpty)
  }
}
