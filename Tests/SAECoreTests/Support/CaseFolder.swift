import Foundation
import SAETestSupport

/// The folders of inputs that come with the tests.
enum CaseFolder {
  static func path(_ name: String) -> String { Checkout.tests("Data/cases/\(name)").path }
}
