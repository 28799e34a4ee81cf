// Debian's Chromium without a window and without the network traffic of its own.

import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--renderer-process-limit=1',
];

export const launch = (executablePath) => chromium.launch({ executablePath, args: FLAGS, headless: true });
