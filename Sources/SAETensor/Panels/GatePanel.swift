import SAEKernels

/// What gates have of their own, one number a latent.
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
    gates.reshape(rows: products.rows, columns: products.columns)
    latents.reshape(rows: products.rows, columns: products.columns)
    let width = products.columns
    let (bias, scales, magnitudeBias) = (
      Matrix.rowVector(vectors.gateBias), Matrix.rowVector(vectors.scales),
      Matrix.rowVector(vectors.magnitudeBias)
    )
    let from = unsafe (
      SharedConstant(products.view.pointer), SharedConstant(bias.view.pointer),
      SharedConstant(scales.view.pointer), SharedConstant(magnitudeBias.view.pointer)
    )
    unsafe latents.withUnsafeMutableElements { latents in
      guard let base = latents.baseAddress else { return }
      let z = unsafe SharedPointer(base)
      unsafe gates.forEachRow { row, a in
        unsafe Kernels.table.gates(
          width, from.0.base + row * width, from.1.base, from.2.base, from.3.base, a,
          z.base + row * width)
      }
    }
    withExtendedLifetime((products, bias, scales, magnitudeBias)) {}
  }

  /// Passes the gradients of z and A on where these are above 0.
  ///
  /// - Parameters:
  ///   - gates: A.
  ///   - scales: e^r_mag of each latent.
  ///   - magnitudeGradients: of z; of the magnitudes' pre-activations afterwards.
  ///   - gateGradients: of A; of the gates' pre-activations afterwards.
  ///   - latents: z; the gradient of p afterwards.
  ///   - products: p; what r_mag gets of each token afterwards.
  package static func passGradients(
    gates: Matrix, scales: [Float], _ magnitudeGradients: inout Matrix,
    _ gateGradients: inout Matrix, latents: inout Matrix, products: inout Matrix
  ) {
    let width = products.columns
    let scales = Matrix.rowVector(scales)
    let from = unsafe (
      SharedConstant(gates.view.pointer), SharedConstant(scales.view.pointer)
    )
    unsafe latents.withUnsafeMutableElements { latents in
      unsafe magnitudeGradients.withUnsafeMutableElements { magnitudes in
        unsafe products.withUnsafeMutableElements { products in
          guard let latents = latents.baseAddress, let magnitudes = magnitudes.baseAddress,
            let products = products.baseAddress
          else { return }
          let to = unsafe (
            SharedPointer(magnitudes), SharedPointer(latents), SharedPointer(products)
          )
          unsafe gateGradients.forEachRow { row, gate in
            let place = row * width
            unsafe Kernels.table.gateGradients(
              width, from.0.base + place, from.1.base, to.0.base + place, gate,
              to.1.base + place, to.2.base + place)
          }
        }
      }
    }
    withExtendedLifetime((gates, scales)) {}
  }
}
