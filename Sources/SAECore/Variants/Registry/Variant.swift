/// A variant that the library trains, by the name that commands, studies and benchmarks know it by.
///
/// ``allCases`` is the one list of them: each variant in it can be trained by `sae train`, studied,
/// measured, and opened from its files.
///
///     let variant = Variant(rawValue: "batchtopk")
public struct Variant: Sendable {
  /// A setting of a variant, by the name of its command-line option.
  public enum Option: String, Sendable, CaseIterable {
    /// Latents active on a token: ``VariantSettings/k``.
    case k
    /// λ: ``VariantSettings/coefficient``.
    case sparsity
    /// Widths of nested dictionaries: ``VariantSettings/levels``.
    case levels
    /// Groups of latents that a router chooses from: ``VariantSettings/experts``.
    case experts
    /// Groups that see a token: ``VariantSettings/activeExperts``.
    case activeExperts = "active-experts"
    /// Activations to reconstruct in the place of the input.
    case targets
  }

  /// Its name, such as `batchtopk`.
  public let name: String
  /// The settings that it has.
  public let options: Set<Option>
  /// The type and settings that train it.
  public let training: any TrainedVariant
  /// Its name in files, where they hold it under a name of its own.
  let architectures: [SAEArchitecture]

  /// Whether it aims at a number of latents per token, and not at a balance with a coefficient.
  public var aimsAtL0: Bool { options.contains(.k) }

  /// Whether it reconstructs other activations than those it sees.
  public var takesTargets: Bool { options.contains(.targets) }

  /// A variant.
  ///
  /// - Parameters:
  ///   - name: for commands.
  ///   - model: the type that is trained.
  ///   - architectures: those of files that are opened as `model`.
  ///   - options: the settings that it has.
  ///   - configuration: the settings of `model`, the others at their defaults.
  init<Model: TrainableAutoencoder & StorableAutoencoder & Equatable>(
    _ name: String, _ model: Model.Type, _ architectures: [SAEArchitecture],
    _ options: Set<Option>,
    configuration: @escaping @Sendable (VariantSettings) throws -> Model.Configuration
  ) where Model.Configuration: Decodable, Model.Configuration.Model == Model {
    self.name = name
    self.options = options
    self.architectures = architectures
    training = Training<Model>(make: configuration)
  }

  private struct Training<Model: TrainableAutoencoder & StorableAutoencoder & Equatable>:
    TrainedVariant
  where Model.Configuration: Decodable, Model.Configuration.Model == Model {
    let make: @Sendable (VariantSettings) throws -> Model.Configuration

    func configuration(_ settings: VariantSettings) throws -> Model.Configuration {
      try make(settings)
    }
  }
}

/// The type that trains a ``Variant``, and its settings.
public protocol TrainedVariant<Model>: Sendable {
  /// The type that is trained, written, read, and resumed from its checkpoints.
  associatedtype Model: TrainableAutoencoder & StorableAutoencoder & Equatable
  where Model.Configuration: Decodable, Model.Configuration.Model == Model

  /// The settings of a training.
  ///
  /// - Throws: ``OptionError`` under the name of a ``Variant/Option`` with an impossible value.
  func configuration(_ settings: VariantSettings) throws -> Model.Configuration
}

extension TrainedVariant {
  /// The type that is trained.
  public var model: Model.Type { Model.self }

  /// The type that opens files.
  var opening: any StorableAutoencoder.Type { Model.self }
}

extension Variant: RawRepresentable, Codable, Hashable {
  /// The variant of a name; nil if there is none.
  public init?(rawValue name: String) {
    guard let found = Variant.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }

  public var rawValue: String { name }
}

extension Variant: ExpressibleByStringLiteral {
  /// The variant of a name.
  ///
  /// - Precondition: there is one.
  public init(stringLiteral name: String) {
    guard let found = Variant(rawValue: name) else {
      let names = Variant.allCases.map(\.name).joined(separator: ", ")
      preconditionFailure("there is no variant \(name) among \(names)")
    }
    self = found
  }
}
