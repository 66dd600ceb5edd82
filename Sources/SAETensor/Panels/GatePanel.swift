import SAEKernels

/// The parameters that only gates have, one number per latent.
package struct GateVectors {
  package let gateBias: [Float]
  /// e^r_mag
  package let scales: [Float]
  package let magnitudeBias: [Float]

  package init(gateBias: [Float], scales: [Float], magnitudeBias: [Float]) {
    self.gateBias = gateBias
    self.scales = scales
    self.magnitudeBias = magnitudeBias
  }

  /// Those of some latents.
  package subscript(latents: Range<Int>) -> GateVectors {
    GateVectors(
      gateBias: Array(gateBias[latents]), scales: Array(scales[latents]),
      magnitudeBias: Array(magnitudeBias[latents]))
  }

  /// A of a latent.
  package func gate(_ p: Float, _ latent: Int) -> Float {
    GateElement.gate(p, bias: gateBias[latent])
  }

  /// z of a latent.
  package func latent(_ p: Float, _ latent: Int) -> Float {
    GateElement.latent(
      p, gateBias: gateBias[latent], scale: scales[latent], magnitudeBias: magnitudeBias[latent])
  }
}

/// Gates on panels, tokens × latents.
package enum GatePanel {
  /// Makes A and z of p.
  package static func open(
    _ products: Matrix, _ vectors: GateVectors, gates: inout Matrix, latents: inout Matrix
  ) {
    gates.resizeDiscardingElements(rows: products.rows, columns: products.columns)
    latents.resizeDiscardingElements(rows: products.rows, columns: products.columns)
    gates.lendMutable { gates in
      latents.lendMutable { latents in
        lending(products, vectors.gateBias, vectors.scales, vectors.magnitudeBias) {
          products, gateBias, scales, magnitudeBias in
          gates.forEach(least: 64) { index, a in
            unsafe Kernels.table.gates(
              a.count, products.row(index).base, gateBias.base, scales.base, magnitudeBias.base,
              a.base, latents.row(index).base)
          }
        }
      }
    }
  }

  /// Passes the gradients of z and A on where these are above 0.
  ///
  /// - Parameters:
  ///   - gates: A.
  ///   - scales: e^r_mag of each latent.
  ///   - magnitudeGradients: of z; of the magnitudes' pre-activations afterward.
  ///   - gateGradients: of A; of the gates' pre-activations afterward.
  ///   - latents: z; the gradient of p afterward.
  ///   - products: p; afterward the gradient of r_mag from each token.
  package static func passGradients(
    gates: Matrix, scales: [Float], _ magnitudeGradients: inout Matrix,
    _ gateGradients: inout Matrix, latents: inout Matrix, products: inout Matrix
  ) {
    latents.lendMutable { latents in
      magnitudeGradients.lendMutable { magnitudes in
        products.lendMutable { products in
          gateGradients.lendMutable { gateGradients in
            lending(gates, scales) { gates, scales in
              gateGradients.forEach(least: 64) { index, gate in
                unsafe Kernels.table.gateGradients(
                  gate.count, gates.row(index).base, scales.base, magnitudes.row(index).base,
                  gate.base, latents.row(index).base, products.row(index).base)
              }
            }
          }
        }
      }
    }
  }
}
