#!/usr/bin/env node
import { runApi } from '../src/cli/api.js';

await runApi();
