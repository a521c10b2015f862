#!/usr/bin/env node
import { runCommit } from '../src/cli/commit.js';

await runCommit();
