// Ctrl/Cmd-K: go to a page or a client by typing a part of its name. The entries are links that the server rendered;
// the palette filters them, so that it can never offer what the server wouldn't.
import { openDialog } from './dialogs';

export function installPalette(): void {
  const dialog = document.getElementById('palette');
  const input = dialog?.querySelector<HTMLInputElement>('[role=combobox]');
  const list = dialog?.querySelector<HTMLElement>('[role=listbox]');
  if (!(dialog instanceof HTMLDialogElement) || !input || !list) return;
  const options = [...list.querySelectorAll<HTMLElement>('[role=option]')];
  const count = dialog.querySelector('[data-palette-count]');
  let active = 0;

  const visible = () => options.filter((option) => !option.hidden);
  const activate = (index: number) => {
    const shown = visible();
    active = shown.length === 0 ? 0 : (index + shown.length) % shown.length;
    options.forEach((option) => option.setAttribute('aria-selected', 'false'));
    const current = shown[active];
    if (!current) {
      input.removeAttribute('aria-activedescendant');
      return;
    }
    current.setAttribute('aria-selected', 'true');
    input.setAttribute('aria-activedescendant', current.id);
    current.scrollIntoView({ block: 'nearest' });
  };
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const option of options) {
      const text = (option.dataset['search'] ?? option.textContent ?? '').toLowerCase();
      // What is searched for elsewhere takes whatever was typed.
      option.hidden = option.dataset['query'] ? words.length === 0 : !words.every((word) => text.includes(word));
    }
    for (const group of list.querySelectorAll<HTMLElement>('[role=group]')) {
      group.hidden = !group.querySelector('[role=option]:not([hidden])');
    }
    const found = visible().length;
    if (count) count.textContent = found === 1 ? '1 result' : `${found} results`;
    activate(0);
  };
  const follow = (option: HTMLElement | undefined) => {
    const query = option?.dataset['query'];
    const address = query ? query + encodeURIComponent(input.value.trim()) : option?.dataset['href'];
    if (!address) return;
    dialog.close();
    location.assign(address);
  };

  input.addEventListener('input', filter);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown') activate(active + 1);
    else if (event.key === 'ArrowUp') activate(active - 1);
    else if (event.key === 'Enter') follow(visible()[active]);
    else return;
    event.preventDefault();
  });
  list.addEventListener('click', (event) => {
    if (event.target instanceof Element) follow(event.target.closest<HTMLElement>('[role=option]') ?? undefined);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else openDialog('palette');
  });
  dialog.addEventListener('toggle', () => {
    if (!dialog.open) return;
    input.value = '';
    filter();
    input.focus();
  });
}
