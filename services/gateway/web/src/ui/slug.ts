// <input data-slug-of="name">: while it is empty it shows the slug that would be made of that field. Only shown: the
// server makes it, and puts a number behind it where it is taken.
import { fresh } from './dom';

export function enhanceSlugs(root: Element): void {
  for (const slug of fresh<HTMLInputElement>(root, 'input[data-slug-of]', 'slug')) {
    const name = document.getElementById(slug.dataset['slugOf'] ?? '');
    if (!(name instanceof HTMLInputElement)) continue;
    const initial = slug.placeholder;
    const show = () => (slug.placeholder = slugOf(name.value) || initial);
    name.addEventListener('input', show);
    show();
  }
}

function slugOf(name: string): string {
  const plain = name.normalize('NFD').replace(/[\u0300-\u036f']/g, '').toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, '-').slice(0, 100).replace(/^-+|-+$/g, '');
}
