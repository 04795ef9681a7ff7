//! Budgets as they stand, and the limits that people set.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, Utc};
use hg_common::db::TenantTx;
use hg_contracts::cpm::{BudgetAbove, BudgetState, BudgetWarning, ClientBudget, SetLimits, SpentByHeading};
use hg_types::{ClientId, Role, Usd, id::ClientRef};
use sqlx::types::Decimal;
use uuid::Uuid;

use super::{clients::id_or_slug, named, usd};

/// A client, and what the caller is there.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The client.
    pub client: Uuid,
    /// The role on it.
    pub role: Option<Role>,
    /// The role on what it stands below.
    pub role_above: Option<Role>,
}

/// Which of a client's two limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one of its own admins.
    Own,
    /// The one from above.
    Cap,
}

/// Which clients to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those of which a running budget has reached 80 % of its limit.
    Warned,
}

/// Finds a client that the scope sees.
///
/// # Errors
/// When the database fails.
pub async fn client_standing(tx: &mut TenantTx, client: &ClientRef) -> Result<Option<Standing>, sqlx::Error> {
    let Some((id, slug)) = id_or_slug(client) else { return Ok(None) };
    let found = sqlx::query!(
        "SELECT c.id, app.role_on(c.id)::text AS role, app.role_on(c.parent_id)::text AS role_above
           FROM clients c WHERE c.id = $1 OR c.slug = $2",
        id,
        slug
    )
    .fetch_optional(&mut **tx)
    .await?;
    found
        .map(|row| {
            let role = |text: Option<String>| text.as_deref().map(named::<Role>).transpose();
            Ok(Standing { client: row.id, role: role(row.role)?, role_above: role(row.role_above)? })
        })
        .transpose()
}

/// Puts limits in force, from now on and for the running day and month. Waits for those who move money just now.
///
/// # Errors
/// When the database fails or refuses.
pub async fn limits_put(tx: &mut TenantTx, client: Uuid, side: Side, limits: &SetLimits) -> Result<(), sqlx::Error> {
    let (daily, monthly) = (limits.daily_usd.map(Usd::to_decimal), limits.monthly_usd.map(Usd::to_decimal));
    match side {
        Side::Own => sqlx::query!(
            "INSERT INTO budget_limits (client_id, own_daily, own_monthly) VALUES ($1, $2, $3)
             ON CONFLICT ON CONSTRAINT budget_limits_client_key DO UPDATE
               SET own_daily = excluded.own_daily, own_monthly = excluded.own_monthly, updated_at = now()",
            client,
            daily,
            monthly
        ),
        Side::Cap => sqlx::query!(
            "INSERT INTO budget_limits (client_id, cap_daily, cap_monthly) VALUES ($1, $2, $3)
             ON CONFLICT ON CONSTRAINT budget_limits_client_key DO UPDATE
               SET cap_daily = excluded.cap_daily, cap_monthly = excluded.cap_monthly, updated_at = now()",
            client,
            daily,
            monthly
        ),
    }
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// The budgets of these clients that the scope sees, in the order of ids, from the one after `after` on.
///
/// # Errors
/// When the database fails.
pub async fn budget_list(
    tx: &mut TenantTx,
    clients: &[Uuid],
    which: Which,
    after: Option<Uuid>,
    most: i64,
) -> Result<Vec<ClientBudget>, sqlx::Error> {
    let holders = sqlx::query!(
        r#"SELECT c.id, c.name, c.slug, (now() AT TIME ZONE 'UTC')::date AS "today!",
                  l.own_daily AS "own_daily?", l.own_monthly AS "own_monthly?", l.cap_daily AS "cap_daily?", l.cap_monthly AS "cap_monthly?",
                  l.daily_limit AS "daily_limit?", l.monthly_limit AS "monthly_limit?"
             FROM clients c LEFT JOIN budget_limits l ON l.client_id = c.id
            WHERE c.id = ANY ($1) AND ($2::uuid IS NULL OR c.id > $2)
              AND (NOT $3 OR EXISTS (
                    SELECT FROM budgets b
                     WHERE b.client_id = c.id AND b.spent > 0 AND b.spent * 100 >= b.limit_usd * 80
                       AND ((b.period = 'day' AND b.period_start = (now() AT TIME ZONE 'UTC')::date)
                            OR (b.period = 'month' AND b.period_start = date_trunc('month', now() AT TIME ZONE 'UTC')::date))))
            ORDER BY c.id LIMIT $4"#,
        clients,
        after,
        which == Which::Warned,
        most
    )
    .fetch_all(&mut **tx)
    .await?;
    let ids: Vec<Uuid> = holders.iter().map(|row| row.id).collect();
    let Some(today) = holders.first().map(|row| row.today) else { return Ok(Vec::new()) };
    let mut rows = rows_of(tx, &ids, today).await?;
    holders
        .into_iter()
        .map(|row| {
            let daily = Limits::new(row.daily_limit, row.own_daily, row.cap_daily)?;
            let monthly = Limits::new(row.monthly_limit, row.own_monthly, row.cap_monthly)?;
            let day = rows.remove(&(row.id, Period::Day)).unwrap_or_default();
            let month = rows.remove(&(row.id, Period::Month)).unwrap_or_default();
            Ok(ClientBudget {
                client_id: ClientId(row.id),
                client_name: row.name,
                client_slug: row.slug,
                day: day.into_state(Period::Day, today, daily),
                month: month.into_state(Period::Month, today, monthly),
                above: Vec::new(),
            })
        })
        .collect()
}

/// The limits above a client that bind it, too; how much of each is shown depends on what the scope sees.
///
/// # Errors
/// When the database fails.
pub async fn budgets_above(tx: &mut TenantTx, client: Uuid) -> Result<Vec<BudgetAbove>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT scope AS "scope!", period::text AS "period!", period_start AS "period_start!", is_used_up AS "is_used_up!",
                  limit_usd, left_usd
             FROM app.budgets_above($1)"#,
        client
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let period = Period::named(&row.period);
            Ok(BudgetAbove {
                scope: row.scope,
                resets_at: period.resets_at(row.period_start),
                period: row.period,
                is_used_up: row.is_used_up,
                limit_usd: row.limit_usd.map(usd).transpose()?,
                left_usd: row.left_usd.map(usd).transpose()?,
            })
        })
        .collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Period {
    Day,
    Month,
}

impl Period {
    /// The database has no third.
    fn named(text: &str) -> Self {
        if text == "day" { Self::Day } else { Self::Month }
    }

    fn starts_on(self, today: NaiveDate) -> NaiveDate {
        use chrono::Datelike as _;
        match self {
            Self::Day => today,
            Self::Month => today.with_day(1).unwrap_or(today),
        }
    }

    fn resets_at(self, start: NaiveDate) -> DateTime<Utc> {
        let next = match self {
            Self::Day => start.checked_add_days(Days::new(1)),
            Self::Month => start.checked_add_months(Months::new(1)),
        };
        next.unwrap_or(start).and_time(NaiveTime::MIN).and_utc()
    }
}

#[derive(Clone, Copy)]
struct Limits {
    in_force: Option<Usd>,
    own: Option<Usd>,
    cap: Option<Usd>,
}

impl Limits {
    fn new(in_force: Option<Decimal>, own: Option<Decimal>, cap: Option<Decimal>) -> Result<Self, sqlx::Error> {
        let amount = |amount: Option<Decimal>| amount.map(usd).transpose();
        Ok(Self { in_force: amount(in_force)?, own: amount(own)?, cap: amount(cap)? })
    }
}

/// A row of `budgets`; zero where there is none yet.
#[derive(Default)]
struct Row {
    spent: Usd,
    headings: SpentByHeading,
    reserved: Usd,
    over: Usd,
    warnings: Vec<BudgetWarning>,
}

impl Row {
    fn into_state(self, period: Period, today: NaiveDate, limits: Limits) -> BudgetState {
        let starts_on = period.starts_on(today);
        let left = |limit: Usd| limit.saturating_sub(self.spent + self.reserved).max(Usd::ZERO);
        BudgetState {
            starts_on,
            resets_at: period.resets_at(starts_on),
            limit_usd: limits.in_force,
            own_limit_usd: limits.own,
            cap_usd: limits.cap,
            spent_usd: self.spent,
            spent: self.headings,
            reserved_usd: self.reserved,
            left_usd: limits.in_force.map(left),
            over_usd: self.over,
            warning_percent: self.warning_percent(limits.in_force),
            warnings: self.warnings,
        }
    }

    /// A limit that was raised meanwhile takes its warning back, until it is told of the higher one.
    fn warning_percent(&self, limit: Option<Usd>) -> Option<i16> {
        let in_force = limit?;
        let limit = i128::from(in_force.nanos());
        let spent = i128::from(self.spent.nanos());
        let was_told =
            |percent| self.warnings.iter().any(|warning| warning.percent == percent && warning.limit_usd >= in_force);
        if spent == 0 || spent * 100 < limit * 80 {
            None
        } else if spent >= limit || was_told(100) {
            Some(100)
        } else {
            Some(80)
        }
    }
}

async fn rows_of(
    tx: &mut TenantTx,
    clients: &[Uuid],
    today: NaiveDate,
) -> Result<BTreeMap<(Uuid, Period), Row>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT b.id, b.client_id AS "client_id!", b.period::text AS "period!", b.spent, b.reserved, b.over_usd,
                  b.spent_charged, b.spent_failed, b.spent_cancelled, b.spent_unknown
             FROM budgets b
            WHERE b.client_id = ANY ($1)
              AND ((b.period = 'day' AND b.period_start = $2) OR (b.period = 'month' AND b.period_start = $3))"#,
        clients,
        today,
        Period::Month.starts_on(today)
    )
    .fetch_all(&mut **tx)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut warnings = warnings_of(tx, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let state = Row {
                spent: usd(row.spent)?,
                headings: SpentByHeading {
                    charged_usd: usd(row.spent_charged)?,
                    failed_usd: usd(row.spent_failed)?,
                    cancelled_usd: usd(row.spent_cancelled)?,
                    unknown_usd: usd(row.spent_unknown)?,
                },
                reserved: usd(row.reserved)?,
                over: usd(row.over_usd)?,
                warnings: warnings.remove(&row.id).unwrap_or_default(),
            };
            Ok(((row.client_id, Period::named(&row.period)), state))
        })
        .collect()
}

async fn warnings_of(tx: &mut TenantTx, budgets: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<BudgetWarning>>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT w.budget_id, w.percent, w.limit_usd, w.spent, w.refusing, w.at
           FROM budget_warnings w WHERE w.budget_id = ANY ($1) ORDER BY w.budget_id, w.percent",
        budgets
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut warnings: BTreeMap<Uuid, Vec<BudgetWarning>> = BTreeMap::new();
    for row in rows {
        warnings.entry(row.budget_id).or_default().push(BudgetWarning {
            percent: row.percent,
            limit_usd: usd(row.limit_usd)?,
            spent_usd: usd(row.spent)?,
            refusing: row.refusing,
            at: row.at,
        });
    }
    Ok(warnings)
}
