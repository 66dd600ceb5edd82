import ArgumentParser
import SAECore

extension Variant: @retroactive ExpressibleByArgument {}

extension Variant {
  /// The names of the variants that have a setting, as a sentence lists them.
  static func names(with option: Option) -> String {
    list(allCases.filter { $0.options.contains(option) })
  }

  /// Names as a sentence lists them.
  static func list(_ variants: [Variant]) -> String {
    guard let last = variants.last?.name, variants.count > 1 else {
      return variants.first?.name ?? ""
    }
    return variants.dropLast().map(\.name).joined(separator: ", ") + " or " + last
  }

  /// The type's settings for the given options.
  ///
  /// - Parameters:
  ///   - training: the options.
  ///   - latents: the number of latents.
  ///   - steps: those of the run.
  /// - Throws: `ValidationError` for an impossible setting.
  static func configuration<Training: TrainedVariant>(
    _ variant: Training, _ training: TrainingRunOptions, latents: Int, steps: Int
  ) throws -> Training.Model.Configuration {
    var settings = VariantSettings(latentCount: latents, steps: steps)
    settings.k = Double(training.k)
    settings.coefficient = training.sparsity
    settings.levels = training.levels?.widths
    settings.experts = training.experts ?? settings.experts
    settings.activeExperts = training.activeExperts ?? settings.activeExperts
    do {
      return try variant.configuration(settings)
    } catch let error as OptionError {
      throw ValidationError("--\(error)")
    }
  }
}

/// Widths with commas between.
struct WidthList: ExpressibleByArgument, Equatable {
  let widths: [Int]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let widths = parts.compactMap { Int($0.filter { !$0.isWhitespace }) }
    guard widths.count == parts.count, widths.allSatisfy({ $0 > 0 }) else { return nil }
    self.widths = widths
  }

  /// As ``init(argument:)`` takes it.
  var text: String { widths.map(String.init).joined(separator: ",") }
}
