//! The service under test.

use hg_common::auth::Service;
use hg_testkit::TestService;

/// With the hierarchy of the reference documents.
pub(crate) async fn start() -> TestService {
    TestService::start(Service::Smm, hg_smm::build).await
}
