//! The keys by which services know each other, read as what they are for: signing and verifying internal tokens.
//!
//! It must not keep a key as text: one that can't be used is a problem of its variable, named with all others.

use super::env::Env;
use crate::auth::{InternalIssuer, InternalVerifier, Service};

/// Reads the key with which `service` calls others; `None` when a problem was recorded.
pub fn read_signing_key(env: &mut Env, service: Service) -> Option<InternalIssuer> {
    env.required::<InternalIssuer>("INTERNAL_SIGNING_KEY")
        .secret()
        .doc("This service's key for calling others, kid:base64seed; `hg admin keys` makes one per service.")
        .read_with(|text| InternalIssuer::new(service, text).map_err(|error| error.to_string()))
}

/// Reads the keys of those who call `service`; `None` when a problem was recorded.
pub fn read_public_keys(env: &mut Env, service: Service) -> Option<InternalVerifier> {
    env.required::<InternalVerifier>("INTERNAL_PUBLIC_KEYS")
        .doc("The callers' public keys, service:kid:base64 separated by commas; `hg admin keys` prints them.")
        .read_with(|text| InternalVerifier::new(service, text).map_err(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::internal::generate_key;

    #[test]
    fn keys_that_can_be_used() {
        let (signing, public) = generate_key(Service::Cpm, "k1");
        let pairs = [("INTERNAL_SIGNING_KEY", signing), ("INTERNAL_PUBLIC_KEYS", public)];
        let mut env = Env::from_pairs("cpm", pairs);
        assert!(read_signing_key(&mut env, Service::Cpm).is_some());
        assert!(read_public_keys(&mut env, Service::Im).is_some());
        env.finish().unwrap();
    }

    #[test]
    fn keys_that_can_not_be_used_are_named_and_not_shown() {
        let pairs = [("INTERNAL_SIGNING_KEY", "k1:aHVudGVyMg=="), ("INTERNAL_PUBLIC_KEYS", "mars:k1:AAAA")];
        for (mut env, problem) in [(Env::empty("cpm"), "is not set"), (Env::from_pairs("cpm", pairs), "is not valid")] {
            assert!(read_signing_key(&mut env, Service::Cpm).is_none());
            assert!(read_public_keys(&mut env, Service::Cpm).is_none());
            let problems = env.finish().unwrap_err().problems;
            let [signing, public] = problems.as_slice() else { panic!("{problems:?}") };
            assert_eq!(signing.variable, "INTERNAL_SIGNING_KEY");
            assert_eq!(public.variable, "INTERNAL_PUBLIC_KEYS");
            assert!(signing.message.contains(problem) && !signing.message.contains("aHVudGVyMg"), "{signing:?}");
            assert!(public.message.contains(problem), "{public:?}");
        }
    }
}
