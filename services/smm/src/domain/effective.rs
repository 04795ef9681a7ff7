//! The effective strategy: for each field the nearest value along client → agency → root → built in, and where it
//! comes from. SEO rules are inherited in the same way.
//!
//! A pure function of what the chain says. `extras` are inherited key by key, every other field as a whole.

mod layers;

use std::collections::BTreeMap;

use hg_contracts::smm::{
    ClientFacts, EffectiveSeoRules, EffectiveStrategy, Explanation, Level, OverriddenValue, SeoRuleFields, SeoSource,
    StrategyFields, StrategySource, ValueSource,
};
use hg_types::{ClientId, ClientType, ContentType, SeoRulesId, StrategyId};
use serde_json::{Map, Value};

use self::layers::Layers;
use super::{
    seo_rules,
    strategy::{built_in, from_stored, to_stored},
};

/// How much is told about each value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Detail {
    /// Where it comes from.
    Sources,
    /// Also what it overrides.
    Overridden,
}

/// One client of the chain, with what it says about the content type.
#[derive(Debug, Clone)]
pub struct Link {
    /// Whose link this is.
    pub client_id: ClientId,
    /// That client's name.
    pub client_name: String,
    /// Its level in the hierarchy.
    pub client_type: ClientType,
    /// 0 for the client itself, 1 for its parent, and so on.
    pub distance: i32,
    /// Its active strategy, if it has one.
    pub strategy: Option<Saved<StrategyId>>,
    /// Its active SEO rules, if it has any.
    pub seo_rules: Option<Saved<SeoRulesId>>,
}

/// A strategy or SEO rules in the chain, as they are stored.
#[derive(Debug, Clone)]
pub struct Saved<Id> {
    /// Which.
    pub id: Id,
    /// Which version.
    pub version: i32,
    /// What it says.
    pub fields: Map<String, Value>,
}

/// Resolves the chain, which goes from the client upwards.
#[must_use]
pub fn resolve(client: ClientFacts, content_type: ContentType, chain: Vec<Link>, detail: Detail) -> EffectiveStrategy {
    let mut strategy = Layers::new(detail);
    let mut rules = Layers::new(detail);
    let mut sources = Vec::with_capacity(chain.len() + 1);
    let mut seo_sources = Vec::with_capacity(chain.len() + 1);
    for link in chain {
        let level = match link.client_type {
            _ if link.distance == 0 => Level::Client,
            ClientType::Root => Level::Root,
            ClientType::Agency | ClientType::Customer => Level::Agency,
        };
        let (client_id, client_name) = (Some(link.client_id), Some(link.client_name));
        // Through the types and back: what this version doesn't understand must not hide an ancestor's value.
        if let Some(Saved { id, version, fields }) = link.strategy {
            strategy.add(to_stored(&from_stored::<StrategyFields>(fields)));
            let (client_name, version) = (client_name.clone(), Some(version));
            sources.push(StrategySource { level, client_id, client_name, strategy_id: Some(id), version });
        }
        if let Some(Saved { id, version, fields }) = link.seo_rules {
            rules.add(to_stored(&from_stored::<SeoRuleFields>(fields)));
            seo_sources.push(SeoSource {
                level,
                client_id,
                client_name,
                seo_rules_id: Some(id),
                version: Some(version),
            });
        }
    }
    let (level, client_id, client_name, version) = (Level::Default, None, None, None);
    strategy.add(to_stored(&built_in(content_type)));
    sources.push(StrategySource { level, client_id, client_name: client_name.clone(), strategy_id: None, version });
    rules.add(to_stored(&seo_rules::built_in(content_type)));
    seo_sources.push(SeoSource { level, client_id, client_name, seo_rules_id: None, version });

    strategy.settle("required_terms", "banned_terms");

    let explanation = (detail == Detail::Overridden).then(|| {
        let of_strategy = strategy.told().map(|told| (told.path.clone(), told.explanation(&sources, of_strategy)));
        let of_rules =
            rules.told().map(|told| (format!("seo.{}", told.path), told.explanation(&seo_sources, of_rules)));
        of_strategy.chain(of_rules).collect::<BTreeMap<_, _>>()
    });
    let (values, explain) = strategy.into_values();
    let (rules, explain_rules) = rules.into_values();
    let seo = EffectiveSeoRules { values: from_stored(rules), sources: seo_sources, explain: explain_rules };
    EffectiveStrategy { client, content_type, values: from_stored(values), sources, explain, seo, explanation }
}

fn of_strategy(source: &StrategySource) -> ValueSource {
    let StrategySource { level, client_id, client_name, strategy_id, version } = source.clone();
    ValueSource { level, client_id, client_name, strategy_id, seo_rules_id: None, version }
}

fn of_rules(source: &SeoSource) -> ValueSource {
    let SeoSource { level, client_id, client_name, seo_rules_id, version } = source.clone();
    ValueSource { level, client_id, client_name, strategy_id: None, seo_rules_id, version }
}

impl layers::Told {
    fn explanation<S>(&self, sources: &[S], name: fn(&S) -> ValueSource) -> Explanation {
        let source = |place: usize| name(&sources[place]);
        let overridden = self
            .overridden
            .iter()
            .map(|(place, value)| OverriddenValue { value: value.clone(), source: source(*place) });
        Explanation { value: self.value.clone(), source: source(self.place), overridden: overridden.collect() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn link(number: u128, client_type: ClientType, distance: i32, configuration: Option<Value>) -> Link {
        Link {
            client_id: ClientId(Uuid::from_u128(number)),
            client_name: format!("client {number}"),
            client_type,
            distance,
            strategy: configuration.map(|configuration| Saved {
                id: StrategyId(Uuid::from_u128(100 + number)),
                version: 3,
                fields: configuration.as_object().cloned().unwrap(),
            }),
            seo_rules: None,
        }
    }

    fn facts() -> ClientFacts {
        ClientFacts {
            id: ClientId(Uuid::from_u128(1)),
            name: "C".to_owned(),
            slug: "c".to_owned(),
            metadata: Map::new(),
        }
    }

    #[test]
    fn each_field_comes_from_the_nearest_that_says_it() {
        let chain = vec![
            link(1, ClientType::Customer, 0, Some(json!({"tone": "friendly", "extras": {"a": 1}}))),
            link(
                2,
                ClientType::Agency,
                1,
                Some(json!({"tone": "strict", "call_to_action": "call us", "extras": {"a": 2, "b": 3}})),
            ),
            link(3, ClientType::Root, 2, Some(json!({"call_to_action": "buy", "banned_terms": ["cheap"]}))),
        ];
        let effective = resolve(facts(), ContentType::BlogPost, chain, Detail::Sources);
        let values = &effective.values;
        assert_eq!(values.tone.as_deref(), Some("friendly"));
        assert_eq!(values.call_to_action.as_deref(), Some("call us"));
        assert_eq!(values.banned_terms.as_deref(), Some(&["cheap".to_owned()][..]));
        assert_eq!(values.word_count_range, Some((800, 1200)));
        assert_eq!(Value::Object(values.extras.clone().unwrap()), json!({"a": 1, "b": 3}));
        let levels: Vec<Level> = effective.sources.iter().map(|source| source.level).collect();
        assert_eq!(levels, [Level::Client, Level::Agency, Level::Root, Level::Default]);
        let explain = |name: &str| effective.explain[name];
        assert_eq!(
            [explain("tone"), explain("call_to_action"), explain("banned_terms"), explain("word_count_range")],
            [0, 1, 2, 3]
        );
        assert_eq!([explain("extras.a"), explain("extras.b")], [0, 1]);
    }

    #[test]
    fn no_term_is_required_and_banned_at_once_and_the_nearer_decides() {
        let customer = json!({"required_terms": ["Cheap", "fuse"]});
        let agency = json!({"banned_terms": ["cheap", "best"], "required_terms": ["best"]});
        let chain = vec![
            link(1, ClientType::Customer, 0, Some(customer.clone())),
            link(2, ClientType::Agency, 1, Some(agency)),
        ];
        let values = resolve(facts(), ContentType::BlogPost, chain, Detail::Overridden).values;
        assert_eq!(values.required_terms.unwrap(), ["Cheap", "fuse"]);
        assert_eq!(values.banned_terms.unwrap(), ["best"], "what the customer requires isn't banned there");
        let chain = vec![
            link(1, ClientType::Customer, 0, Some(json!({"banned_terms": ["FUSE"]}))),
            link(2, ClientType::Agency, 1, Some(customer)),
        ];
        let values = resolve(facts(), ContentType::BlogPost, chain, Detail::Sources).values;
        assert_eq!(
            (values.required_terms.unwrap(), values.banned_terms.unwrap()),
            (vec!["Cheap".to_owned()], vec!["FUSE".to_owned()])
        );
    }

    #[test]
    fn every_value_is_explained_and_nothing_else() {
        for &content_type in ContentType::ALL {
            let effective =
                resolve(facts(), content_type, vec![link(1, ClientType::Customer, 0, None)], Detail::Sources);
            let values = to_stored(&effective.values);
            assert_eq!(values.keys().collect::<Vec<_>>(), effective.explain.keys().collect::<Vec<_>>());
            assert_eq!(effective.sources.len(), 1);
        }
    }

    #[test]
    fn an_agency_of_its_own_is_the_client_level() {
        let chain = vec![link(2, ClientType::Agency, 0, Some(json!({}))), link(3, ClientType::Root, 1, None)];
        let effective = resolve(facts(), ContentType::SocialMedia, chain, Detail::Sources);
        assert_eq!(effective.sources[0].level, Level::Client);
        assert_eq!(effective.sources.len(), 2);
    }

    #[test]
    fn what_is_not_understood_hides_nothing() {
        let chain = vec![
            link(1, ClientType::Customer, 0, Some(json!({"tone": 5}))),
            link(2, ClientType::Agency, 1, Some(json!({"tone": "calm"}))),
        ];
        let effective = resolve(facts(), ContentType::BlogPost, chain, Detail::Sources);
        assert_eq!(effective.values.tone.as_deref(), Some("calm"));
        assert_eq!(effective.explain["tone"], 1);
    }

    #[test]
    fn an_explanation_tells_what_each_value_overrides() {
        let mut chain = vec![
            link(1, ClientType::Customer, 0, Some(json!({"tone": "friendly", "extras": {"a": 1}}))),
            link(2, ClientType::Agency, 1, Some(json!({"tone": "strict", "extras": {"a": 2, "b": 3}}))),
            link(3, ClientType::Root, 2, None),
        ];
        chain[1].seo_rules = Some(Saved {
            id: SeoRulesId(Uuid::from_u128(9)),
            version: 4,
            fields: json!({"title_width": 580}).as_object().cloned().unwrap(),
        });
        let effective = resolve(facts(), ContentType::BlogPost, chain, Detail::Overridden);
        assert_eq!(effective.seo.values.title_width, Some(580));
        assert_eq!(effective.seo.values.keyphrase_density, Some((0.5, 3.0)));
        let explanation = effective.explanation.unwrap();
        let told = |field: &str| {
            let it = &explanation[field];
            let overridden: Vec<_> = it.overridden.iter().map(|it| (it.value.clone(), it.source.level)).collect();
            (it.value.clone(), it.source.level, overridden)
        };
        assert_eq!(
            told("tone"),
            (
                json!("friendly"),
                Level::Client,
                vec![(json!("strict"), Level::Agency), (json!("professional"), Level::Default)]
            )
        );
        assert_eq!(told("extras.a"), (json!(1), Level::Client, vec![(json!(2), Level::Agency)]));
        assert_eq!(told("extras.b"), (json!(3), Level::Agency, vec![]));
        assert_eq!(told("seo.title_width"), (json!(580), Level::Agency, vec![(json!(600), Level::Default)]));
        assert_eq!(explanation["seo.title_width"].source.seo_rules_id, Some(SeoRulesId(Uuid::from_u128(9))));
        assert_eq!(explanation["tone"].source.version, Some(3));
        let fields = effective.explain.len() + effective.seo.explain.len();
        assert_eq!(explanation.len(), fields, "every value is explained, and nothing else");
    }
}
