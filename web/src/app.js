// All behaviour of the pages. The Content-Security-Policy allows no code elsewhere, so everything
// hangs on data-* attributes through listeners on the document.
import './toasts.js';
import './copy.js';
import './dialogs.js';
import './lists.js';
import './triage.js';
import './palette.js';
import './keys.js';
import './forms.js';
import './live.js';
import './runs.js';
