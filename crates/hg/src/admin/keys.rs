//! The keys by which services know each other.

use anyhow::Result;

use crate::cli::Keys;
use crate::kept::{SigningKeys, seed};

/// Prints new keys as the variables of each service. They are stored nowhere.
pub(super) fn print(options: &Keys) -> Result<()> {
    let SigningKeys { gateway, cpm, public } = SigningKeys::from_seeds(options.generation, &seed(), &seed())?;
    println!("# gateway\nINTERNAL_SIGNING_KEY={gateway}\n");
    println!("# cpm\nINTERNAL_SIGNING_KEY={cpm}\nINTERNAL_PUBLIC_KEYS={public}\n");
    println!("# im\nINTERNAL_PUBLIC_KEYS={public}\n");
    println!("# smm\nINTERNAL_PUBLIC_KEYS={public}");
    Ok(())
}
