//! The system as it runs in production, for whoever measures it (`hg-bench`) or breaks it (`hg-chaos`).
//!
//! | module | owns | must not |
//! |---|---|---|
//! | [`ground`], [`plant`] | private durable servers, and the rows that are there before anything begins | know what is measured or broken |
//! | [`environment`] | the variables of each service, and the keys by which they know each other | start anything |
//! | [`process`] | one program: started, signalled, ended | choose its load |
//! | [`http`], [`sse`] | a lean client | know our paths |

pub mod environment;
pub mod ground;
pub mod http;
pub mod plant;
pub mod process;
pub mod sse;
