#!/usr/bin/env node
import { runSchedule } from '../src/cli/schedule.js';

await runSchedule();
