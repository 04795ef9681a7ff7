// <button data-copy="id"> copies the text of that element, or its value if it is a field.
import { fresh } from './dom';
import { toast } from './toasts';

export function enhanceCopyButtons(root: Element): void {
  for (const button of fresh<HTMLButtonElement>(root, '[data-copy]', 'copy')) {
    button.addEventListener('click', async () => {
      const source = document.getElementById(button.dataset['copy'] ?? '');
      const isField = source instanceof HTMLTextAreaElement || source instanceof HTMLInputElement;
      const text = isField ? source.value : (source?.textContent ?? '');
      // An empty text would empty the clipboard and say that it worked.
      const copied = text !== '' && (await copy(text));
      toast(copied ? (button.dataset['copied'] ?? 'Copied.') : 'The browser refused to copy. Select the text instead.', copied ? 'success' : 'error');
    });
  }
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No clipboard on plain http: the older way still works there.
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'sr-only';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}
