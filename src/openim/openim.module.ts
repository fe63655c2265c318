import { Module } from '@nestjs/common';
import { OpenImClient } from './openim.client.js';

/** Client of the REST API of OpenIM. */
@Module({ providers: [OpenImClient], exports: [OpenImClient] })
export class OpenImModule {}
