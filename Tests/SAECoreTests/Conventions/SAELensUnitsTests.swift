import Testing

@testable import SAECore

/// Losses and gradients of SAELens 6.54.12, in float64, with activations that it normalizes itself.
@Suite struct SAELensUnitsTests {
  struct Case: Sendable {
    let isTopK: Bool
    let scaling: ActivationScaling
    let loss: Double
    let gradients: [ParameterName: [Float]]
  }

  /// Numbers between -1/2 and 1/2 that both sides make alike.
  private static func grid(_ rows: Int, _ columns: Int, _ a: Int, _ b: Int, _ m: Int) -> Matrix {
    Matrix(rows: rows, columns: columns) { Float((a * $0 + b * $1) % m - m / 2) / Float(m) }
  }

  private static let activations: Matrix = {
    var rows = grid(3, 4, 8, 5, 17)
    rows.scaleRows(by: [40, 100, 300], adding: [10, 10, 10])
    return rows
  }()

  private static let parameters: ParameterSet = [
    .encoder: grid(6, 4, 7, 3, 11), .encoderBias: grid(1, 6, 0, 4, 9),
    .decoder: grid(6, 4, 5, 2, 13), .decoderBias: grid(1, 4, 0, 3, 7),
  ]

  /// float32 sums are good to 5e-6, as in the other comparisons with peers. Under the layer norm the
  /// 10⁻⁵ beside σ, which is 10 and more, is 10⁻⁶ of a normalized token.
  @Test(arguments: cases) func lossAndGradientsAreSAELens(_ peer: Case) throws {
    let scaled = try peer.scaling.scale(Self.activations)
    let batch = TrainingBatch(
      activations: scaled.activations, errorWeights: scaled.errorWeights,
      deadLatents: DeadLatents(latentCount: 6, rule: .never))
    func check<Model: TrainableAutoencoder>(_ model: Model) throws {
      try model.checkErrorWeights()
      var model = model
      var gradients = model.parameters.zeros()
      let pass = try model.computeGradients(of: batch, into: &gradients)
      #expect(abs(pass.totalLoss - peer.loss) <= 1e-5 * peer.loss)
      for (name, expected) in peer.gradients {
        expectClose(gradients[name].array, expected, tolerance: 1e-5, "\(peer.scaling): \(name)")
      }
    }
    if peer.isTopK {
      var configuration = TopKConfiguration.saeLens(k: 2)
      configuration.auxiliaryLoss = nil
      try check(TopKAutoencoder(parameters: Self.parameters, configuration: configuration))
    } else {
      try check(
        ReLUAutoencoder(
          parameters: Self.parameters,
          configuration: .saeLens(coefficient: CoefficientSchedule(finalValue: 2))))
    }
  }

  static let cases: [Case] = [
    Case(
      isTopK: true, scaling: .layerNorm, loss: 18393.7076,
      gradients: [
        .encoder: [
          37.60263, 19.85951, 2.116376, -66.90381, 172.8126, 331.4265, -449.0014,
          -16.04612, -69.91507, -36.92504, -3.935005, 124.3951, 2101.875, -1878.014,
          -1128.091, 1117.962, 6738.141, -5223.647, -4200.714, 3406.857, 0, 0, 0, 0,
        ],
        .encoderBias: [
          -51.27706, 274.3414, 95.34011, 1496.129, 5044.463, 0,
        ],
        .decoder: [
          36.45035, 18.483, -2.99604, -87.09255, -382.3005, -500.6236, 1543, -110.3734,
          4.501432, 2.282556, -0.3699957, -10.75549, -11079.47, 7339.52, 5382.499,
          -4378.831, -2668.575, 796.3375, 3045.394, -1002.204, 0, 0, 0, 0,
        ],
        .decoderBias: [
          -11774.06, 4859.331, 8275.765, -4276.745,
        ],
      ]),
    Case(
      isTopK: true, scaling: .constantNorm, loss: 25922.2607,
      gradients: [
        .encoder: [
          -4.755849, 6.871897, 18.49964, 67.13369, 162.13, 304.4816, -325.732, 14.65765,
          0, 0, 0, 0, 5940.117, -1855.984, -492.5617, 3918.373, 7811.368, -1803.042,
          -1182.627, 5067.928, 0, 0, 0, 0,
        ],
        .encoderBias: [
          37.0063, 198.0381, 0, 3047.513, 4256.309, 0,
        ],
        .decoder: [
          -4.183418, -15.06684, -25.95026, -84.55367, -453.4512, -612.2539, 1444.203,
          -167.3027, 0, 0, 0, 0, -20024.52, 3951.582, 2083.666, -10511.73, -4123.828,
          -27.0142, 2112.954, -2065.581, 0, 0, 0, 0,
        ],
        .decoderBias: [
          -17787.65, 1771.668, 4267.959, -9026.99,
        ],
      ]),
    Case(
      isTopK: false, scaling: .layerNorm, loss: 18396.54,
      gradients: [
        .encoder: [
          37.37289, 19.73817, 2.103445, -66.49504, 173.0064, 331.7982, -449.5049,
          -16.06412, -70.09995, -37.02268, -3.945411, 124.7241, 2148.924, -1853.667,
          -1125.652, 1035.067, 6659.259, -5265.792, -4206.236, 3549.068, 0, 0, 0, 0,
        ],
        .encoderBias: [
          -50.96376, 274.6491, 95.59222, 1432.704, 5154.094, 0,
        ],
        .decoder: [
          35.98708, 18.49571, -2.507336, -87.59769, -382.4238, -500.5003, 1543.37,
          -109.7568, 4.487876, 2.325955, -0.3192692, -10.82932, -11078.63, 7339.962,
          5382.402, -4382.003, -2666.571, 797.6963, 3045.927, -1007.521, 0, 0, 0, 0,
        ],
        .decoderBias: [
          -11755.61, 4802.448, 8316.909, -4250.677,
        ],
      ]),
    Case(
      isTopK: false, scaling: .constantNorm, loss: 25781.8513,
      gradients: [
        .encoder: [
          -4.621072, 6.677152, 17.97538, 65.23117, -2031.571, 988.6805, -150.2721,
          -1455.681, -9.788502, 14.14376, 38.07602, 138.1747, 6051.717, -1890.895,
          -501.9543, 3991.452, 7680.482, -1748.079, -1127.772, 5154.814, 0, 0, 0, 0,
        ],
        .encoderBias: [
          35.95757, -940.2216, 76.16647, 3104.466, 4286.762, 0,
        ],
        .decoder: [
          -4.080218, -14.55108, -25.34633, -85.56397, -2329.731, -234.4525, 1663.87,
          -1102.76, -0.09161673, -0.3413027, -0.6050692, -2.039895, -20105.04, 4031.678,
          2324.07, -10112.65, -4138.555, -14.44385, 2152.773, -2007.751, 0, 0, 0, 0,
        ],
        .decoderBias: [
          -17657.49, 2350.971, 4130.505, -8703.194,
        ],
      ]),
  ]
}
