import Foundation
import SAECore

/// Autoencoders of one seed and kind of text, which are trained together over one stream.
struct TrainingPass {
  let plans: [AutoencoderPlan]
  /// Its progress when it was interrupted.
  var checkpoint: SweepCheckpoint?

  private static let key = "autoencoders"

  /// The content of a checkpoint's metadata.
  var metadata: [String: String] {
    [TrainingPass.key: plans.map(\.name).joined(separator: "\n")]
  }

  /// The pass that was interrupted, if one was and is not complete.
  ///
  /// - Parameter plans: all of the study's.
  /// - Throws: `FileError` if its checkpoint cannot be read.
  static func interrupted(_ folder: StudyFolder, plans: [AutoencoderPlan]) throws -> TrainingPass? {
    guard let path = try folder.checkpoints().checkpoints.last else { return nil }
    let checkpoint = try SweepCheckpoint(contentsOf: path)
    let names = checkpoint.metadata[key]?.split(separator: "\n").map(String.init) ?? []
    let own = names.compactMap { name in plans.first { $0.name == name } }
    guard !own.isEmpty, own.count == names.count,
      own.contains(where: { !folder.exists(folder.autoencoder($0)) })
    else { return nil }
    return TrainingPass(plans: own, checkpoint: checkpoint)
  }

  /// The missing autoencoders of an arm, one seed after the other, so many at a time.
  static func all(_ missing: [AutoencoderPlan], atATime: Int) -> [TrainingPass] {
    Set(missing.map(\.seed)).sorted().flatMap { seed in
      let own = missing.filter { $0.seed == seed }
      return stride(from: 0, to: own.count, by: atATime).map { begin in
        TrainingPass(plans: Array(own[begin..<min(begin + atATime, own.count)]))
      }
    }
  }
}

/// The times at which checkpoints of a pass are written; the results do not depend on them.
enum CheckpointPace: Sendable, Equatable {
  case seconds(Double)
  case steps(Int)

  /// Tells after each step whether it is time.
  struct Clock {
    private let pace: CheckpointPace
    private var last = ContinuousClock.now

    init(_ pace: CheckpointPace) { self.pace = pace }

    mutating func isDue(step: Int) -> Bool {
      switch pace {
      case .steps(let steps): return step % steps == 0
      case .seconds(let seconds):
        let now = ContinuousClock.now
        guard last.duration(to: now) >= .seconds(seconds) else { return false }
        last = now
        return true
      }
    }
  }
}
