public import SAECore

/// How a model is read.
public struct ModelOptions: Sendable, Equatable {
  /// How many layers to read; nil: all. A model with fewer layers takes less memory and runs up to
  /// the last of them, but has no logits.
  public var layers: Int?
  /// The precision of the frequencies of rotary positions.
  public var rotaryFrequencies: RotaryFrequencies

  /// All layers and rotary frequencies in float32, or otherwise.
  public init(layers: Int? = nil, rotaryFrequencies: RotaryFrequencies = .float32) {
    self.layers = layers
    self.rotaryFrequencies = rotaryFrequencies
  }

  /// All layers, and rotary frequencies as activations of an origin were made with; float32 where the origin
  /// does not tell.
  public init(matching origin: ActivationOrigin) {
    self.init(
      rotaryFrequencies: origin.rotaryFrequencies.flatMap { RotaryFrequencies(rawValue: $0) }
        ?? .float32)
  }
}

/// The precision of the frequencies θ^(−2i/d) of rotary positions.
///
/// No file of a model tells which it was run with, and the type of its weights does not either. The
/// difference is small at short contexts: 4e-4 of the residual stream's size and 2e-5 nats of
/// cross-entropy at 255 tokens (a model of width 256). It grows with the position, as the angles are the
/// frequencies' multiples.
public enum RotaryFrequencies: String, Sendable, CaseIterable {
  /// As Hugging Face's library has them when it loads a model, in whatever type the weights are.
  case float32
  /// Rounded to bfloat16, as in a model that was converted to that type as a whole, its buffers
  /// included. The angle at position 1000 is then off by more than a radian for some of them.
  case bfloat16
}
