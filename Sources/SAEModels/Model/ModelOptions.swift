/// How a model is read.
public struct ModelOptions: Sendable, Equatable {
  /// How many layers to read; nil: all. A model with fewer layers takes less memory and runs up to
  /// the last of them, but has no logits.
  public var layers: Int?
  public var rotaryFrequencies: RotaryFrequencies

  public init(layers: Int? = nil, rotaryFrequencies: RotaryFrequencies = .float32) {
    self.layers = layers
    self.rotaryFrequencies = rotaryFrequencies
  }
}

/// The precision of the frequencies θ^(−2i/d) of rotary positions, which no file of a model tells.
public enum RotaryFrequencies: String, Sendable, CaseIterable {
  /// As Hugging Face's library has them when it loads a model, in whatever type the weights are.
  case float32
  /// Rounded to bfloat16, as in a model that was converted to that type as a whole, its buffers
  /// included. The angle at position 1000 is then off by more than a radian for some of them.
  case bfloat16
}
