import SAECore

/// A family of models: what its configurations mean and what its tensors are called.
struct ModelFamily: Sendable {
  /// The names by which `config.json` calls the architecture.
  let architectures: [String]
  /// What a configuration describes.
  let architecture:
    @Sendable (_ fields: ConfigurationFields, _ name: String) throws(ModelError) ->
      ModelArchitecture
  let tensors: TensorNames

  /// Every family that can be loaded.
  static let all: [ModelFamily] = [
    .gemma, .gemma2, .gemma3, .llama, .mistral, .qwen2, .qwen3, .gpt2, .gptNeoX,
  ]
}
