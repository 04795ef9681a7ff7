use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{TimeDelta, Utc};
use hg_types::{ClientId, UserId};
use jsonwebtoken::{Algorithm, Header};

use super::*;
use crate::auth::principal::Principal;

fn pair(issuer: Service, callee: Service) -> (InternalIssuer, InternalVerifier) {
    let (signing, public) = generate_key(issuer, "k1");
    (InternalIssuer::new(issuer, &signing).unwrap(), InternalVerifier::new(callee, &public).unwrap())
}

fn user() -> Principal {
    Principal::User(UserId(Uuid::from_u128(7)))
}

fn service() -> Principal {
    Principal::Service { name: Service::Cpm, client: ClientId(Uuid::from_u128(9)) }
}

#[test]
fn each_issuer_speaks_for_its_own_subjects_only() {
    let Principal::Service { client, .. } = service() else { unreachable!() };
    for (from, to, principal, accepted) in [
        (Service::Gateway, Service::Cpm, user(), true),
        (Service::Gateway, Service::Im, user(), true),
        (Service::Gateway, Service::Smm, user(), true),
        (Service::Gateway, Service::Smm, service(), false),
        (Service::Cpm, Service::Im, service(), true),
        (Service::Cpm, Service::Smm, service(), true),
        (Service::Cpm, Service::Im, user(), false),
        (Service::Cpm, Service::Smm, user(), false),
        (Service::Cpm, Service::Cpm, service(), false),
        (Service::Im, Service::Smm, user(), false),
        (Service::Smm, Service::Im, service(), false),
    ] {
        let (issuer, verifier) = pair(from, to);
        let verdict = verifier.verify(&issuer.mint(to, &principal, Utc::now()).unwrap());
        if accepted {
            assert_eq!(verdict.unwrap(), principal);
        } else {
            assert!(matches!(verdict, Err(TokenError::NotAllowed)), "{from} to {to}: {verdict:?}");
        }
    }
    let (issuer, _) = pair(Service::Cpm, Service::Smm);
    let key = Principal::Key { id: hg_types::ApiKeyId(Uuid::from_u128(3)), client, scopes: Vec::new() };
    assert!(matches!(issuer.mint(Service::Smm, &key, Utc::now()), Err(TokenError::Key)));
}

#[test]
fn an_address_goes_along_and_an_older_token_has_none() {
    let (issuer, verifier) = pair(Service::Gateway, Service::Smm);
    for address in [None, Some("203.0.113.9".parse().unwrap()), Some("2001:db8::7".parse().unwrap())] {
        let token = issuer.mint_from(Service::Smm, &user(), address, Utc::now()).unwrap();
        assert_eq!(verifier.verify_from(&token).unwrap(), (user(), address));
    }
    let (issuer, verifier) = pair(Service::Cpm, Service::Smm);
    let token = issuer.mint_from(Service::Smm, &service(), Some("203.0.113.9".parse().unwrap()), Utc::now()).unwrap();
    assert_eq!(verifier.verify_from(&token).unwrap().1, None, "a worker has no browser");
}

#[test]
fn refuses_another_audience_an_old_token_and_a_stranger() {
    let (issuer, verifier) = pair(Service::Gateway, Service::Im);
    let elsewhere = issuer.mint(Service::Smm, &user(), Utc::now()).unwrap();
    assert!(verifier.verify(&elsewhere).is_err());
    let old = issuer.mint(Service::Im, &user(), Utc::now() - TimeDelta::minutes(10)).unwrap();
    assert!(verifier.verify(&old).is_err());
    let (stranger, _) = pair(Service::Gateway, Service::Im);
    assert!(verifier.verify(&stranger.mint(Service::Im, &user(), Utc::now()).unwrap()).is_err());
}

#[test]
fn refuses_other_algorithms_and_types() {
    let (issuer, verifier) = pair(Service::Gateway, Service::Im);
    let token = issuer.mint(Service::Im, &user(), Utc::now()).unwrap();
    let claims = token.split('.').nth(1).unwrap();
    let with_header = |header: &str| format!("{}.{claims}.", BASE64_URL_SAFE_NO_PAD.encode(header));
    assert!(verifier.verify(&with_header(r#"{"alg":"none","typ":"hg-internal+jwt","kid":"k1"}"#)).is_err());
    assert!(verifier.verify(&with_header(r#"{"alg":"HS256","typ":"hg-internal+jwt","kid":"k1"}"#)).is_err());
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some("k1".to_owned());
    let now = Utc::now().timestamp();
    let claims = Claims {
        iss: Service::Gateway,
        aud: Service::Im,
        sub: Uuid::nil().to_string(),
        client: None,
        addr: None,
        iat: now,
        exp: now + 60,
    };
    let session_like = jsonwebtoken::encode(&header, &claims, &issuer.key).unwrap();
    assert!(verifier.verify(&session_like).is_err());
    header.typ = Some(TYP.to_owned());
    let later = now + 86_400;
    for (iat, exp) in [(now, later), (later, later + 60), (i64::MIN, now + 60), (i64::MAX, now + 60)] {
        let long = Claims { iat, exp, sub: claims.sub.clone(), ..claims };
        let long_lived = jsonwebtoken::encode(&header, &long, &issuer.key).unwrap();
        assert!(matches!(verifier.verify(&long_lived), Err(TokenError::TooLong)), "{iat} to {exp}");
    }
}

#[test]
fn names_what_is_wrong_with_a_key() {
    assert!(InternalIssuer::new(Service::Cpm, "no-colon").is_err());
    assert!(InternalVerifier::new(Service::Cpm, "gateway:k1:short").is_err());
    assert!(InternalVerifier::new(Service::Cpm, "mars:k1:AAAA").is_err());
    let three: Vec<String> = (0..3).map(|n| generate_key(Service::Gateway, &format!("k{n}")).1).collect();
    assert!(matches!(InternalVerifier::new(Service::Cpm, &three.join(",")), Err(KeyError::TooMany)));
}

#[test]
fn a_token_is_signed_once_in_half_a_minute_for_the_same_call() {
    let (issuer, verifier) = pair(Service::Gateway, Service::Im);
    let (now, address) = (Utc::now(), Some("203.0.113.9".parse().unwrap()));
    let bearer = |audience, principal: &Principal, address, seconds| {
        issuer.clone().bearer(audience, principal, address, now + TimeDelta::seconds(seconds)).unwrap()
    };
    let first = bearer(Service::Im, &user(), address, 0);
    assert!(first.is_sensitive());
    let token = first.to_str().unwrap().strip_prefix("Bearer ").unwrap();
    assert_eq!(verifier.verify_from(token).unwrap(), (user(), address));
    assert_eq!(bearer(Service::Im, &user(), address, 29), first);
    let other = Principal::User(UserId(Uuid::from_u128(8)));
    for (audience, principal, address, seconds) in [
        (Service::Smm, user(), address, 1),
        (Service::Im, other, address, 1),
        (Service::Im, user(), None, 1),
        (Service::Im, user(), address, 30),
        (Service::Im, user(), address, -30),
    ] {
        assert_ne!(bearer(audience, &principal, address, seconds), first, "{audience} {principal:?} {seconds}");
    }
    let (issuer, _) = pair(Service::Cpm, Service::Smm);
    let Principal::Service { client, .. } = service() else { unreachable!() };
    let key = Principal::Key { id: hg_types::ApiKeyId(Uuid::from_u128(3)), client, scopes: Vec::new() };
    assert!(matches!(issuer.bearer(Service::Smm, &key, None, now), Err(TokenError::Key)));
}

#[test]
fn what_is_right_is_remembered_and_nothing_else() {
    let (issuer, verifier) = pair(Service::Gateway, Service::Im);
    let token = issuer.mint(Service::Im, &user(), Utc::now()).unwrap();
    let elsewhere = issuer.mint(Service::Smm, &user(), Utc::now()).unwrap();
    let old = issuer.mint(Service::Im, &user(), Utc::now() - TimeDelta::minutes(10)).unwrap();
    let early = issuer.mint(Service::Im, &user(), Utc::now() + TimeDelta::minutes(10)).unwrap();
    let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
    let not_theirs = issuer.mint(Service::Im, &service(), Utc::now()).unwrap();
    for _ in 0..2 {
        for refused in [&elsewhere, &old, &early, &unsigned, &token[..token.len() - 1], "", "eyJ..", &not_theirs] {
            assert!(verifier.verify(refused).is_err());
        }
        assert_eq!(verifier.known.count(), 0, "what was refused");
    }
    for _ in 0..2 {
        assert_eq!(verifier.clone().verify(&token).unwrap(), user());
        assert_eq!(verifier.known.count(), 1);
    }
    // One that is known says nothing of one that is nearly the same.
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let last = if signature.starts_with('A') { 'B' } else { 'A' };
    assert!(verifier.verify(&format!("{signed}.{last}{}", &signature[1..])).is_err());
    assert!(verifier.verify(&format!("{token} ")).is_err() && verifier.known.count() == 1);
    // Nor does another verifier, with other keys, believe it.
    let (_, stranger) = pair(Service::Gateway, Service::Im);
    assert!(stranger.verify(&token).is_err());
}

#[test]
fn a_token_that_is_known_ends_in_time() {
    let (issuer, verifier) = pair(Service::Gateway, Service::Im);
    // Nearly over: good by the leeway alone, and checked to be so.
    let token = issuer.mint(Service::Im, &user(), Utc::now() - TimeDelta::seconds(62)).unwrap();
    assert_eq!(verifier.verify(&token).unwrap(), user());
    let now = Utc::now().timestamp();
    assert!(verifier.known.get(&token, now).is_some());
    assert!(verifier.known.get(&token, now + 5).is_none());
}
