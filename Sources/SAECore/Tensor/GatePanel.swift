import SAEKernels

/// What gates have of their own, one number a latent.
struct GateVectors {
  let gateBias: [Float]
  /// e^r_mag
  let scales: [Float]
  let magnitudeBias: [Float]

  /// Those of some latents.
  subscript(latents: Range<Int>) -> GateVectors {
    GateVectors(
      gateBias: Array(gateBias[latents]), scales: Array(scales[latents]),
      magnitudeBias: Array(magnitudeBias[latents]))
  }
}

/// The activations of a gated autoencoder on a panel of latents, and their gradients: matrices of
/// tokens × latents, whose memory is used again for the next panel.
struct GatePanel {
  /// A
  private(set) var gates = Matrix(rows: 0, columns: 0)
  /// z; the gradient of p after ``passGradients(to:_:)``.
  private(set) var latents = Matrix(rows: 0, columns: 0)
  /// Of A.
  var gateGradients = Matrix(rows: 0, columns: 0)
  /// Of z.
  private(set) var magnitudeGradients = Matrix(rows: 0, columns: 0)

  /// Makes A and z of p.
  mutating func open(_ products: Matrix, _ vectors: GateVectors) {
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

  /// The gradients of z and A, without regard to whether they are open.
  ///
  /// - Parameters:
  ///   - error: the gradient of the reconstruction, tokens × width.
  ///   - auxiliaryError: of the auxiliary reconstruction.
  ///   - decoder: width × latents of the panel.
  mutating func setGradients(
    _ error: PackedFactor, _ auxiliaryError: PackedFactor, _ decoder: MatrixView
  ) {
    gateGradients.reshape(rows: gates.rows, columns: gates.columns)
    magnitudeGradients.reshape(rows: gates.rows, columns: gates.columns)
    magnitudeGradients.setProduct(error, decoder)
    gateGradients.setProduct(auxiliaryError, decoder)
  }

  /// Passes the gradients on where A and z are above 0: they become those of g and m, ``latents`` that
  /// of p, and `products` what r_mag gets of each token.
  mutating func passGradients(to products: inout Matrix, _ vectors: GateVectors) {
    let width = products.columns
    let scales = Matrix.rowVector(vectors.scales)
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
