// Callers of a running system, for rehearsing an upgrade: programs that ask for texts and watch them, and people who read
// pages. Every answer that isn't what it should be is counted and shown on standard error; it ends when its standard input
// does, waits for what it has asked for, and prints a line per count.
//
// Environment: WEB, CPM (addresses), API_KEY, EMAIL, PASSWORD.
import process from 'node:process';

const { WEB, CPM, API_KEY, EMAIL, PASSWORD } = process.env;
const WRITERS = 6;
const READERS = 4;
/** A lost worker's jobs wait 35 seconds for their lease to run out; nothing takes longer than this. */
const DEADLINE_MS = 180_000;
const ANSWER_MS = 30_000;

const counts = { requests: 0, failed: 0, pages: 0, accepted: 0, completed: 0, unfinished: 0, streams_resumed: 0, events: 0, events_twice: 0, events_missing: 0, texts_begun_anew: 0 };
const pace = (ms) => new Promise((done) => { setTimeout(done, ms); });
let ending = false;
process.stdin.resume();
process.stdin.on('end', () => { ending = true; });

function complain(what, detail) {
  console.error(`${new Date().toISOString().slice(11, 23)} ${what}: ${detail.replace(/\s+/g, ' ').trim()}`);
}

/** One request; `undefined`, counted and told, where it failed. */
async function ask(what, url, options = {}) {
  counts.requests += 1;
  try {
    const answer = await fetch(url, { redirect: 'manual', ...options });
    if (answer.status === 200) return answer;
    complain(what, `${answer.status} ${(await answer.text()).slice(0, 200)}`);
  } catch (error) {
    complain(what, `${error.message} ${error.cause?.code ?? ''} ${error.cause?.message ?? ''}`);
  }
  counts.failed += 1;
  return undefined;
}

/** One request whose whole answer is wanted, as text. */
async function read(what, url, options = {}) {
  const answer = await ask(what, url, { signal: AbortSignal.timeout(ANSWER_MS), ...options });
  try {
    return answer && { text: await answer.text(), headers: answer.headers };
  } catch (error) {
    counts.failed += 1;
    complain(what, `the answer broke off: ${error.message}`);
    return undefined;
  }
}

const withKey = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
const LAST = ['completed', 'failed', 'cancelled'];

/** What one watcher has seen of a job: durable events are 1, 2, 3 …, once each; text goes on where it ended. */
class Seen {
  constructor(job) {
    Object.assign(this, { job, id: undefined, durable: 0, text: 0 });
  }

  take({ id, event, data }) {
    if (id !== undefined) this.id = id;
    // `7` is the durable event 7; `7.1732-0.420` is live text after it; others have no id.
    if (/^\d+$/.test(id ?? '')) this.#event(Number(id));
    if (event === 'reset') {
      if (this.text > 0) counts.texts_begun_anew += 1;
      this.text = 0;
    }
    if (event === 'delta') this.#delta(JSON.parse(data));
  }

  #event(number) {
    counts.events += 1;
    if (number <= this.durable) {
      counts.events_twice += 1;
      complain('events', `${this.job}: event ${number} came again`);
    } else if (number > this.durable + 1) {
      counts.events_missing += number - this.durable - 1;
      complain('events', `${this.job}: event ${number} came after ${this.durable}`);
    }
    this.durable = Math.max(this.durable, number);
  }

  #delta({ offset, text }) {
    if (offset < this.text) counts.events_twice += 1;
    if (offset > this.text) counts.events_missing += 1;
    if (offset !== this.text) complain('events', `${this.job}: text from ${offset}, but ${this.text} bytes were there`);
    this.text = offset + Buffer.byteLength(text);
  }
}

/** The events of a stream, one after the other, until it ends or breaks off. */
async function* eventsOf(answer) {
  let text = '';
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
      const lines = text.slice(0, at).split('\n').filter((line) => !line.startsWith(':') && line.includes(':'));
      text = text.slice(at + 2);
      yield Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]));
    }
  }
}

/** Follows a job's events to its end. A stream may be cut by an upgrade: it goes on after the last event that came. */
async function watch(job) {
  const seen = new Seen(job);
  const began = Date.now();
  while (Date.now() - began < DEADLINE_MS) {
    const answer = await ask('watch', `${CPM}/jobs/${job}/events`, { headers: { ...withKey, ...(seen.id && { 'last-event-id': seen.id }) } });
    if (!answer) {
      await pace(500);
      continue;
    }
    try {
      for await (const event of eventsOf(answer)) {
        seen.take(event);
        if (LAST.includes(event.event)) return event.event;
      }
    } catch {
      // Cut off: announced, and resumed.
    }
    counts.streams_resumed += 1;
    await pace(100);
  }
  return 'never ended';
}

/** Asks for one text. A request that failed is repeated with the same key, as callers are told to. */
async function generate(number, round) {
  // Short ones, and ones that are being written when their replica is asked to end.
  const content_type = number % 2 ? 'blog_post' : 'social_media';
  const body = JSON.stringify({ client_id: 'cincinnati-electrician', content_type, topic: `Breakers that trip, ${number}.${round}` });
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const answer = await read('generate', `${CPM}/generate`, { method: 'POST', headers: { ...withKey, 'idempotency-key': `${process.pid}-${number}-${round}` }, body });
    if (answer) return JSON.parse(answer.text).job_id;
    await pace(500);
  }
  return undefined;
}

async function writer(number) {
  for (let round = 0; !ending; round += 1) {
    const job = await generate(number, round);
    if (!job) continue;
    counts.accepted += 1;
    const ended = await watch(job);
    if (ended === 'completed') {
      counts.completed += 1;
    } else {
      counts.unfinished += 1;
      complain('job', `${job} ${ended}`);
    }
    await read('job', `${CPM}/jobs/${job}`, { headers: withKey });
  }
}

async function logIn() {
  const answer = await read('login', `${WEB}/api/auth/login`, { method: 'POST', headers: { 'content-type': 'application/json', origin: WEB }, body: JSON.stringify({ email: EMAIL, password: PASSWORD }) });
  return answer?.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
}

async function reader() {
  const cookie = await logIn();
  const pages = ['/', '/jobs', '/content/new', '/api/clients'];
  for (let round = 0; !ending && cookie; round += 1) {
    if (await read('page', WEB + pages[round % pages.length], { headers: { cookie } })) counts.pages += 1;
    await pace(20);
  }
}

const work = [...Array(WRITERS).keys()].map(writer).concat([...Array(READERS).keys()].map(reader));
await Promise.all(work);
for (const [name, count] of Object.entries(counts)) console.log(`${name} ${count}`);
const wrong = counts.failed + counts.unfinished + counts.events_twice + counts.events_missing;
process.exit(wrong === 0 && counts.pages > 0 && counts.completed > 0 ? 0 : 1);
