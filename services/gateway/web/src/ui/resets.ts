// <button data-resets="tone"> empties that field of its form, which then stands for "inherited". Without scripts the
// button sends the form, and the server shows it again with the field emptied.
import { fresh } from './dom';

export function enhanceResets(root: Element): void {
  for (const button of fresh<HTMLButtonElement>(root, 'button[data-resets]', 'resets')) {
    button.addEventListener('click', (event) => {
      const name = button.dataset['resets'] ?? '';
      const fields = [...(button.form?.elements ?? [])].filter(
        (field): field is HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement =>
          (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement) &&
          (field.name === name || field.name.startsWith(`${name}.`)),
      );
      const first = fields[0];
      if (!first) return;
      event.preventDefault();
      for (const field of fields) {
        if (field instanceof HTMLInputElement && field.type === 'checkbox') field.checked = false;
        else field.value = '';
      }
      first.dispatchEvent(new Event('input', { bubbles: true }));
      first.focus();
    });
  }
}
