import Foundation
import SAECore

/// The files of a study, by the option that names them.
struct StudyFiles {
  /// The files of one option.
  struct Role {
    let option: String
    let files: [String]
  }

  let roles: [Role]

  init(_ configuration: StudyConfiguration) {
    roles = [
      Role(option: "--domain", files: configuration.domain),
      Role(option: "--broad", files: configuration.broad),
      Role(option: "--held-out", files: configuration.heldOut),
      Role(option: "--held-out-broad", files: configuration.heldOutBroad),
      Role(option: "--domain-activations", files: configuration.domainActivations),
      Role(option: "--broad-activations", files: configuration.broadActivations),
      Role(option: "--held-out-activations", files: configuration.heldOutActivations),
      Role(option: "--held-out-broad-activations", files: configuration.heldOutBroadActivations),
    ]
  }

  /// Throws if a file is named twice, by whatever path or link: text that is trained on is not held out,
  /// and broad text that is the domain's is not broad.
  ///
  /// - Throws: ``StudyError`` naming both; `FileError` if a folder has no files.
  func checkDistinct() throws {
    var seen: [FileIdentity: (option: String, path: String)] = [:]
    for role in roles {
      for path in role.files {
        for file in try ActivationFile.files(path) {
          guard let identity = FileIdentity(file) else { continue }
          if let first = seen[identity] {
            throw StudyError(
              role.option, expected: "files that are not given twice",
              found: "\(file), which is \(first.path) of \(first.option)")
          }
          seen[identity] = (role.option, file)
        }
      }
    }
  }

  /// The origins that files of activations and a model record.
  ///
  /// - Throws: `FileError` if a file cannot be read.
  func origins() throws -> OriginCheck {
    var origins = OriginCheck()
    for path in roles.filter({ $0.option.hasSuffix("-activations") }).flatMap(\.files) {
      for file in try ActivationFile.files(path) {
        origins.add(file, try ActivationOrigin(file: file))
      }
    }
    return origins
  }
}

/// The identity of a file: symbolic links are followed, hard links are equal.
private struct FileIdentity: Hashable {
  let device: Int
  let file: Int

  /// - Returns: nil for a file that cannot be examined; opening it tells why.
  init?(_ path: String) {
    let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved),
      let device = attributes[.systemNumber] as? Int,
      let file = attributes[.systemFileNumber] as? Int
    else { return nil }
    self.device = device
    self.file = file
  }
}
