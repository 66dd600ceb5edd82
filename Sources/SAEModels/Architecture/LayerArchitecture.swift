import SAECore

/// The parts of a layer: attention and MLP, with a norm before each, and in some families one after each.
///
///     sequential   x ← x + [norm] attention(norm x)     x ← x + [norm] mlp(norm x)
///     parallel     x ← x + attention(norm₁ x) + mlp(norm₂ x)
struct LayerArchitecture: Sendable, Equatable {
  var attention: AttentionArchitecture
  var feedForward: FeedForwardArchitecture
  var norm: Normalization
  /// Whether what each part adds to the stream is normalized first.
  var normalizesOutputs = false
  /// Whether both parts see the stream as it enters the layer.
  var isParallel = false
}

/// Attention of grouped heads.
struct AttentionArchitecture: Sendable, Equatable {
  var queryHeads: Int
  /// As many query heads each share one.
  var keyValueHeads: Int
  var headDimension: Int
  /// Factor of dot products.
  var scale: Double
  /// nil: dot products are not capped.
  var softCap: Double?
  /// Keys that a query sees at most; nil: all before it.
  var window: Int?
  /// nil: queries and keys are not turned by their positions.
  var rotary: RotarySettings?
  /// Whether each head's query and key are normalized before they are turned.
  var normalizesHeads = false
  /// Whether queries, keys and values have biases.
  var hasInputBias = false
  var hasOutputBias = false

  /// Columns of all heads' outputs.
  var outputColumns: Int { queryHeads * headDimension }

  /// The attention as the kernels run it.
  var kernel: Attention {
    Attention(
      queryHeads: queryHeads, keyValueHeads: keyValueHeads, headDimension: headDimension,
      scale: Float(scale), softCap: softCap.map { Float($0) }, window: window)
  }
}

/// An MLP of one hidden layer.
struct FeedForwardArchitecture: Sendable, Equatable {
  var hiddenWidth: Int
  var activation: FeedForwardActivation
  /// Whether a second product of the input multiplies the hidden layer.
  var isGated: Bool
  var hasBias = false

  /// Columns of the product before the activation: gate and up side by side, where there is a gate.
  var inputColumns: Int { isGated ? 2 * hiddenWidth : hiddenWidth }
}

/// How rows of activations are normalized.
struct Normalization: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    /// By the root mean square; the weight is as stored.
    case rootMeanSquare
    /// By the root mean square; 1 is added to the stored weight.
    case shiftedRootMeanSquare
    /// By mean and standard deviation, with weight and bias.
    case layerNorm
  }

  var kind: Kind
  /// Added to the mean square or the variance.
  var epsilon: Double
}
