/// A dictionary over several sites: latents that read the activations of one or more of them, and write to
/// one or more. Layers of a model are sites, or the same layer of two models.
///
///     u_s = (x_s − m_s) a_s
///     h_g = Σ_s W_enc,gs u_s + b_g      f_g = h_g where it is selected
///     ŷ_t = ((Σ_g W_dec,gtᵀ f_g + Σ_s W_skip,st u_s + b_t) · c_t) + n_t
///
/// A crosscoder has one group, which reads and writes all sites. A cross-layer transcoder (CLT) has a group
/// for each layer, which reads that layer and writes it and those after it.
///
/// Source: Lindsey et al. 2024, "Sparse Crosscoders for Cross-Layer Features and Model Diffing"; Ameisen et
/// al. 2025, "Circuit Tracing".
public struct Crosscoder: Sendable {
  /// Latents that are selected together, from the activations of some sites.
  public struct Group: Sendable {
    /// The sites that are read, ascending, each with its encoder, latents × width.
    public var encoders: [(site: Int, matrix: Matrix)]
    /// One per latent.
    public var bias: [Float]
    /// How latents follow from pre-activations.
    public var selection: Selection
    /// The sites that are written, ascending.
    public var decoders: [Decoder]

    /// Latents of the group.
    public var latentCount: Int { bias.count }
  }

  /// How a group's latents follow from its pre-activations.
  public enum Selection: Sendable {
    /// Those above a threshold of each latent, which is not negative.
    case above([Float])
    /// The k largest positive ones of a token, multiplied by `scale` for the comparison alone.
    case largest(Int, scale: [Float]?)
  }

  /// What a group's latents add to a site.
  public struct Decoder: Sendable {
    /// The place among the outputs.
    public var site: Int
    /// Latents × width.
    public var matrix: Matrix
    /// Added to each active latent before it is decoded; nil for nothing.
    public var shift: [Float]?
  }

  /// A linear map from an input to an output, beside the latents.
  public struct Skip: Sendable {
    /// The place among the inputs.
    public var from: Int
    /// The place among the outputs.
    public var to: Int
    /// Output width × input width.
    public var matrix: Matrix
  }

  /// An affine map of a site's activations: x ↦ (x − mean) · factor, or back.
  public struct Affine: Sendable, Equatable {
    /// Nil for zeros.
    public var mean: [Float]?
    /// Times which the rest is taken.
    public var factor: Float

    static let identity = Affine(mean: nil, factor: 1)
  }

  /// The groups of latents, in the order of the files.
  public internal(set) var groups: [Group]
  /// One bias per output.
  public internal(set) var biases: [[Float]]
  /// Linear maps beside the latents.
  public internal(set) var skips: [Skip] = []
  /// What is done to each input before it is encoded.
  public internal(set) var inputs: [Affine]
  /// What is done to each output: times the factor, plus the mean.
  public internal(set) var outputs: [Affine]
  /// The names of the inputs' sites and of the outputs', as far as the files tell.
  public internal(set) var hooks: (inputs: [String], outputs: [String]) = ([], [])
  /// The model's name, as far as the files tell.
  public internal(set) var model: String?

  /// Widths of the inputs: the same for all.
  public var inputDimension: Int { groups.first?.encoders.first?.matrix.columns ?? 0 }
  /// Widths of the outputs.
  public var outputDimension: Int { biases.first?.count ?? 0 }
  /// Latents of all groups.
  public var latentCount: Int { groups.reduce(0) { $0 + $1.latentCount } }

  init(_ groups: [Group], biases: [[Float]], inputs: Int) {
    self.groups = groups
    self.biases = biases
    self.inputs = [Affine](repeating: .identity, count: inputs)
    outputs = [Affine](repeating: .identity, count: biases.count)
  }
}
