// Everything that an ordinary page needs. Each module finds its own elements by `data-` attributes, works without the
// others, and is called again for whatever htmx swaps in. A page without scripts still works: forms post, links lead.
import htmx from 'htmx.org';
import { enhanceChips } from './ui/chips';
import { enhanceClientField } from './ui/client-field';
import { enhanceCopyButtons } from './ui/copy';
import { enhanceDialogs } from './ui/dialogs';
import { enhanceDrafts } from './ui/draft';
import { enhanceForms } from './ui/forms';
import { enhanceLiveJobs } from './ui/live-job';
import { installMenus } from './ui/menus';
import { enhancePasswordFields } from './ui/password';
import { installPalette } from './ui/palette';
import { installRequestErrors } from './ui/requests';
import { enhanceResets } from './ui/resets';
import { installShortcuts } from './ui/shortcuts';
import { installThemeSwitch } from './ui/theme';
import { enhanceSlugs } from './ui/slug';
import { enhanceStrategy } from './ui/strategy';
import { enhanceTimes } from './ui/times';
import { installToasts } from './ui/toasts';

const perElement = [
  enhanceChips,
  enhanceDrafts, // after chips: a restored draft refills them
  enhanceClientField,
  enhanceStrategy, // after drafts: a restored draft may have chosen another type
  enhanceCopyButtons,
  enhanceDialogs,
  enhanceForms,
  enhancePasswordFields,
  enhanceResets,
  enhanceSlugs,
  enhanceLiveJobs,
  enhanceTimes,
];

installThemeSwitch();
installMenus();
installToasts();
installPalette();
installShortcuts();
installRequestErrors();
htmx.onLoad((element) => {
  if (element instanceof Element) for (const enhance of perElement) enhance(element);
});
